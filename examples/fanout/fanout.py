"""A thousand children at once, in three ways: gather, groups, and `flyte.map` over coroutines and plain functions.

Try it::

    cd examples/fanout
    flyte run fanout.py main --n 1000
    flyte run fanout.py pipeline --n 10
    flyte run fanout.py mapped --n 10
    python fanout.py
"""

import asyncio

import flyte

env = flyte.TaskEnvironment(name="fanout")


@env.task
async def square(x: int) -> int:
    """Return the square of a number."""
    return x * x


@env.task
def root(x: int) -> int:
    """Return the square root of a square; a plain function, which `flyte.map` runs on threads."""
    return round(x**0.5)


@env.task
async def main(n: int = 1000) -> int:
    """Add the squares of all numbers below n, one child task each.

    Args:
        n: how many children.
    """
    return sum(await asyncio.gather(*(square(x) for x in range(n))))


@env.task
async def pipeline(n: int = 100) -> list[int]:
    """Square, then take the roots again; each step is a group of its own."""
    with flyte.group("squares"):
        squares = await asyncio.gather(*(square(x) for x in range(n)))
    with flyte.group("roots"):
        return list(await asyncio.gather(*(root.aio(x) for x in squares)))


@env.task
def mapped(n: int = 100) -> list[int]:
    """The same from blocking code: results come in order, at most ten children run at once."""
    return list(flyte.map(root, flyte.map(square, range(n)), concurrency=10, return_exceptions=False))


if __name__ == "__main__":
    flyte.init()
    run = flyte.run(main, n=1000)
    print(run.url)
    print(run.outputs().o0)
