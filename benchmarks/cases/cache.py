"""A task whose outputs are in the local cache: what a call costs that is a hit."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

CALLS = 200
MOST_MICROSECONDS = 1000
# The peer takes seconds for one.
_MOST_ROUNDS = 5


def measure(bench: Bench) -> list[Finding]:
    """Run one program under both; it says itself how long its hits took, a list of 1 000 numbers each."""
    folder = bench.folder("cache")
    words = (PROGRAMS / "cache.py", str(CALLS))
    ours = bench.command(bench.python, *words, cwd=folder)
    peer = bench.command(bench.peer.python, *words, cwd=folder)
    mine, theirs = interleave(ours, peer, rounds=min(bench.rounds, _MOST_ROUNDS), warm_up=1)
    return [
        Finding(
            "a cache hit",
            "us",
            [float(sample.stdout) for sample in mine],
            [float(sample.stdout) for sample in theirs],
            bench.peer.title,
            judged="ours",
            limit=MOST_MICROSECONDS,
        )
    ]
