"""Runs under either tool: prints the microseconds that a call takes whose outputs are in the local cache."""

import sys
import time

import flyte

env = flyte.TaskEnvironment(name="cache", cache="auto")
ran: list[int] = []


def helper(x: int) -> list[int]:
    return list(range(x, x + 1000))


@env.task
async def kept(x: int) -> list[int]:
    ran.append(x)
    return helper(x)


@env.task(cache="disable")
async def parent(calls: int) -> float:
    for x in range(calls):
        await kept(x)
    before = len(ran)
    start = time.perf_counter()
    for x in range(calls):
        if await kept(x) != helper(x):
            raise RuntimeError("wrong answer")
    seconds = time.perf_counter() - start
    if len(ran) != before:
        raise RuntimeError("it ran again")
    return seconds


if __name__ == "__main__":
    calls = int(sys.argv[1])
    flyte.init()
    run = flyte.with_runcontext(mode="local").run(parent, calls)
    print(run.outputs()[0] / calls * 1e6)
