"""Two tasks: one calls the other.

Try it::

    cd examples/hello
    flyte run hello.py main --x 20
"""

import flyte

env = flyte.TaskEnvironment(name="hello")


@env.task
async def double(x: int) -> int:
    """Return twice the number."""
    return 2 * x


@env.task
async def main(x: int) -> int:
    """Double a number and add two.

    Args:
        x: the number to start from.
    """
    return await double(x) + 2
