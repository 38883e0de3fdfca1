"""Large values to the wire and back: a list of floats of 1 MB, and a dict without types of 13 MB."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

FLOATS = 125_000
KEYS, ITEMS = 110_000, 12  # 13 MB of msgpack
MOST_ROUNDS = 5  # the other side takes seconds


def measure(bench: Bench) -> list[Finding]:
    """Run one program under both; it says itself how long each value took."""
    folder = bench.folder("literals")
    sizes = [str(size) for size in (FLOATS, KEYS, ITEMS)]
    ours = bench.command(bench.python, PROGRAMS / "literals.py", *sizes, cwd=folder)
    peer = bench.command(bench.peer.python, PROGRAMS / "literals.py", *sizes, cwd=folder)
    mine, theirs = interleave(ours, peer, rounds=min(bench.rounds, MOST_ROUNDS), warm_up=1)
    taken = [[[float(line) for line in sample.stdout.split()] for sample in samples] for samples in (mine, theirs)]
    names = (("list[float] of 1 MB, to the wire and back", 0.05), ("dict of 13 MB, to the wire and back", 1.0))
    return [
        Finding(
            name,
            "ms",
            [sample[at] for sample in taken[0]],
            [sample[at] for sample in taken[1]],
            bench.peer.title,
            limit=limit,
        )
        for at, (name, limit) in enumerate(names)
    ]
