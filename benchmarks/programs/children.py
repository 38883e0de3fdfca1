"""Runs under `flyte run --engine …`: how many milliseconds one trivial child takes, in each of three ways."""

import asyncio
import time

import flyte

image = flyte.Image.from_debian_base()
warm = flyte.TaskEnvironment("warm", image=image, reusable=flyte.ReusePolicy(replicas=2))
env = flyte.TaskEnvironment("cold", image=image, depends_on=[warm])


@env.task
async def child(x: int) -> int:
    return x


@warm.task
async def warm_child(x: int) -> int:
    return x


@env.task
async def one_after_the_other(children: int) -> float:
    """Return what each child takes while nothing else runs."""
    await child(-1)
    start = time.perf_counter()
    for x in range(children):
        await child(x)
    return (time.perf_counter() - start) / children * 1e3


@env.task
async def at_once(children: int) -> float:
    """Return what each of many children takes, all called at once, in processes that stay."""
    await warm_child(-1)
    start = time.perf_counter()
    answers = await asyncio.gather(*(warm_child(x) for x in range(children)))
    seconds = time.perf_counter() - start
    if answers != list(range(children)):
        raise RuntimeError("wrong answers")
    return seconds / children * 1e3
