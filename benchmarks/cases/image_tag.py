"""Naming an image by content: ten layers, one of them a folder of 2 000 files."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

FILES = 2000
KIB = 20 * 1024
MOST = 0.5


def measure(bench: Bench) -> list[Finding]:
    """Run one program under both; it says itself how long the name took, without imports."""
    folder = bench.folder("image-tag")
    _write(folder)
    # In the folder, which so is the project that it belongs to.
    program = shutil.copy(PROGRAMS / "image_tag.py", folder)
    ours = bench.command(bench.python, program, cwd=folder)
    peer = bench.command(bench.peer.python, program, cwd=folder)
    mine, theirs = interleave(ours, peer, rounds=bench.rounds)
    return [
        Finding(
            f"tag of an image, {FILES} files",
            "ms",
            [float(sample.stdout) / 1e3 for sample in mine],
            [float(sample.stdout) / 1e3 for sample in theirs],
            bench.peer.title,
            limit=MOST,
        )
    ]


def _write(folder: Path) -> None:
    chance = random.Random(FILES)
    for number in range(FILES):
        file = folder / "tree" / f"part{number % 40}" / f"module{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(chance.randbytes(int(KIB * 1024 / FILES * chance.uniform(0.2, 1.8))))
    (folder / "requirements.txt").write_text("httpx\n")
    (folder / "config.yaml").write_text("level: 1\n")
