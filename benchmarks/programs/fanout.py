"""Runs under either tool: prints the microseconds that each of many trivial tasks took, awaited all at once."""

import asyncio
import sys
import time

import flyte

env = flyte.TaskEnvironment(name="fanout")


@env.task
async def child(x: int) -> int:
    return x


@env.task
async def parent(children: int) -> float:
    start = time.perf_counter()
    answers = await asyncio.gather(*(child(x) for x in range(children)))
    seconds = time.perf_counter() - start
    if answers != list(range(children)):
        raise RuntimeError("wrong answers")
    return seconds


if __name__ == "__main__":
    children = int(sys.argv[1])
    flyte.init()
    run = flyte.with_runcontext(mode="local").run(parent, children)
    print(run.outputs()[0] / children * 1e6)
