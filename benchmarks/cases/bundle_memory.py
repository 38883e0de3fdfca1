"""Bundling 2 GB: what is kept in memory of it."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cases.bundle_trees import Tree, write_tree
from benchmarks.finding import Finding
from benchmarks.measure import interleave

MOST_MIB = 100
_SMALL = Tree("many", 2000, 20_000)
_BIG_FILES = 29
_BIG_MIB = 64
_ROUNDS = 1


def measure(bench: Bench) -> list[Finding]:
    """Bundle many small files and a few big ones; claim the whole of what the process takes, Python itself too.

    Beside it stands Python alone, or on Linux the measuring process where that is larger.
    """
    folder = bench.folder("bundle-memory")
    root = folder / "project"
    write_tree(root, _SMALL)
    _write_big(root)
    words = ("bundle", "build", "app.py", "--copy-style", "all", "-o", folder / "bundle.tar.gz")
    ours = bench.command(bench.flyte, *words, cwd=root, expects=".tar.gz")
    bare = bench.command(bench.python, "-c", "pass", cwd=folder)
    mine, nothing = interleave(ours, bare, rounds=_ROUNDS, warm_up=0)
    (folder / "bundle.tar.gz").unlink()
    return [
        Finding(
            f"bundle 2 GB in {_SMALL.files + _BIG_FILES} files, peak memory",
            "MiB",
            [sample.peak_mib for sample in mine],
            [sample.peak_mib for sample in nothing],
            "Python alone",
            judged="ours",
            limit=MOST_MIB,
        )
    ]


def _write_big(root: Path) -> None:
    """Write one big file under many names: each name is a file to bundle, and the disk holds it once."""
    first = root / "data_0.txt"
    line = b"".join(b"%06d,%06d\n" % (number, number * 7919 % 1_000_003) for number in range(4096))
    with first.open("wb") as file:
        for _ in range(_BIG_MIB * 1024 * 1024 // len(line)):
            file.write(line)
    for number in range(1, _BIG_FILES):
        os.link(first, root / f"data_{number}.txt")
