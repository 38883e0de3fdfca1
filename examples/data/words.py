"""Files as inputs and outputs, and a report of what was found in them.

Try it::

    cd examples/data
    flyte run words.py main --text poem.txt
    flyte run words.py count --text poem.txt
"""

import collections

import flyte
import flyte.io
import flyte.report

env = flyte.TaskEnvironment(name="words")


@env.task
async def shout(text: flyte.io.File) -> flyte.io.File:
    """Write the text in capitals, line by line."""
    loud = flyte.io.File.new_remote("loud.txt")
    async with text.open("r") as lines, loud.open("w") as out:
        async for line in lines:
            await out.write(line.upper())
    return loud


@env.task(report=True)
def count(text: flyte.io.File) -> dict[str, int]:
    """Count the three most common words; ``--open`` shows all."""
    words = collections.Counter(text.open("r").read().split())
    for word, times in words.most_common():
        flyte.report.log(f"{word}: {times}")
    return dict(words.most_common(3))


@env.task
async def main(text: flyte.io.File) -> dict[str, int]:
    """Count the words of the text in capitals.

    Args:
        text: a file, here or in a store.
    """
    return await count.aio(await shout(text))
