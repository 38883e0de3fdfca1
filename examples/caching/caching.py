"""Results that are kept: a slow step runs once for each input, until something that it depends on is edited.

Try it::

    cd examples/caching
    flyte run caching.py main --n 3
    flyte run caching.py main --n 3
    flyte run --overwrite-cache caching.py main --n 3
    flyte explain cache caching.py count_words
"""

import time
from datetime import timedelta
from pathlib import Path

from text import words

import flyte

env = flyte.TaskEnvironment(name="caching")
RAN = Path(__file__).parent / "ran.txt"


@env.task(cache=flyte.Cache("auto", serialize=True, ignored_inputs="verbose", max_age=timedelta(days=7)))
def count_words(text: str, verbose: bool = False) -> dict[str, int]:
    """Count each word. Edit `words` in text.py and run again: it is counted anew; edit a comment, and it is not."""
    time.sleep(0.1)
    with RAN.open("a") as file:
        file.write(f"{text}\n")
    found = words(text)
    return {word: found.count(word) for word in found}


@env.task
def main(n: int = 3) -> str:
    """Count the words of `n` texts, and say how many of them were really counted this time."""
    before = len(RAN.read_text().splitlines()) if RAN.exists() else 0
    counts = [count_words(f"the cat and the hat {number}") for number in range(n)]
    ran = len(RAN.read_text().splitlines()) - before
    return f"{sum(count['the'] for count in counts)} times 'the'; counted now: {ran}"
