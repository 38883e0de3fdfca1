"""Prints the microseconds that each of many trivial tasks took, awaited all at once in one run that is recorded."""

import asyncio
import sys
import time

import flyte

env = flyte.TaskEnvironment(name="records")


@env.task
async def child(x: int) -> int:
    return x


@env.task
async def parent(children: int) -> int:
    return sum(await asyncio.gather(*(child(x) for x in range(children))))


if __name__ == "__main__":
    children = int(sys.argv[1])
    flyte.init()
    run = flyte.with_runcontext(mode="local")
    run.run(parent, 1)  # What is imported late is imported now.
    start = time.perf_counter()
    answer = run.run(parent, children).outputs()[0]
    seconds = time.perf_counter() - start
    if answer != sum(range(children)):
        raise RuntimeError("a wrong answer")
    print(seconds / children * 1e6)
