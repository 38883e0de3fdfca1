"""A gigabyte through a File: what it takes of time and of memory."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import Sample, interleave

SIZE_MIB = 1024
MOST_MIB = 60
# Each round writes and reads two gigabytes.
_MOST_ROUNDS = 5


def measure(bench: Bench) -> list[Finding]:
    """Write and read one file of this machine under both; claim the memory of the whole process."""
    folder = bench.folder("data")
    words = (PROGRAMS / "data.py", str(SIZE_MIB), folder)
    ours = bench.command(bench.python, *words, cwd=folder)
    peer = bench.command(bench.peer.python, *words, cwd=folder)
    mine, theirs = interleave(ours, peer, rounds=min(bench.rounds, _MOST_ROUNDS), warm_up=1)
    against = bench.peer.title
    return [
        Finding(f"write {SIZE_MIB} MiB", "ms", _ms(mine, 0), _ms(theirs, 0), against),
        Finding(f"read {SIZE_MIB} MiB", "ms", _ms(mine, 1), _ms(theirs, 1), against),
        Finding(
            f"{SIZE_MIB} MiB, peak memory",
            "MiB",
            [sample.peak_mib for sample in mine],
            [sample.peak_mib for sample in theirs],
            against,
            judged="ours",
            limit=MOST_MIB,
        ),
    ]


def _ms(samples: list[Sample], part: int) -> list[float]:
    return [1000 * float(sample.stdout.split()[part]) for sample in samples]
