"""One task that awaits thousands of trivial ones at once: what a call costs, and what it keeps in memory."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

CHILDREN = 5000
MOST_MICROSECONDS = 100
MOST_MIB = 60
# The peer takes seconds for one.
_MOST_ROUNDS = 5


def measure(bench: Bench) -> list[Finding]:
    """Run one program, with as many children, under both; it says itself how long the children took."""
    folder = bench.folder("fanout")
    words = (PROGRAMS / "fanout.py", str(CHILDREN))
    ours = bench.command(bench.python, *words, cwd=folder)
    peer = bench.command(bench.peer.python, *words, cwd=folder)
    mine, theirs = interleave(ours, peer, rounds=min(bench.rounds, _MOST_ROUNDS), warm_up=1)
    against = bench.peer.title
    return [
        Finding(
            f"{CHILDREN} children, each",
            "us",
            [float(sample.stdout) for sample in mine],
            [float(sample.stdout) for sample in theirs],
            against,
            judged="ours",
            limit=MOST_MICROSECONDS,
        ),
        Finding(
            f"{CHILDREN} children, peak memory",
            "MiB",
            [sample.peak_mib for sample in mine],
            [sample.peak_mib for sample in theirs],
            against,
            judged="ours",
            limit=MOST_MIB,
        ),
    ]
