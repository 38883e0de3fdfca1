"""What drawing the progress of a run on a terminal costs its tasks."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

CHILDREN = 30_000  # They take longer than the time for which nothing is drawn.
_MOST_ROUNDS = 7


def measure(bench: Bench) -> list[Finding]:
    """Run one program with as many small tasks twice, drawn and not drawn, in turns."""
    folder = bench.folder("progress")
    drawn, silent = (
        bench.command(bench.python, PROGRAMS / "progress.py", how, str(CHILDREN), cwd=folder)
        for how in ("drawn", "silent")
    )
    with_it, without = interleave(drawn, silent, rounds=min(bench.rounds, _MOST_ROUNDS), warm_up=1)
    return [
        Finding(
            f"{CHILDREN} children with progress drawn, each (CPU)",
            "us",
            [float(sample.stdout) for sample in with_it],
            [float(sample.stdout) for sample in without],
            "not drawn",
        )
    ]
