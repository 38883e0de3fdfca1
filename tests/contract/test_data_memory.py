"""A large file through a File, in memory that does not grow with it; measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MIB = 1 << 20
SIZE_MIB = 256
MOST_MIB = 120
"""Beyond what the process takes with a file of 1 MiB: a few parts of an upload, of 8 MiB each."""

PROGRAM = """
import hashlib, resource, sys
from flyte.io import File

uri, mib, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def through(mib):
    block, sent, back = bytes(range(256)) * 4096, hashlib.sha256(), hashlib.sha256()
    file = File(f"{uri}/{mib}")
    with file.open("wb") as out:
        for _ in range(mib):
            out.write(block)
            sent.update(block)
    if way == "down":
        file = File(file.download_sync(f"{uri.partition('://')[0]}-{mib}.bin"))
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            back.update(piece)
    assert sent.digest() == back.digest()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


small = through(1)
print((through(mib) - small) // 1024)
"""


def grown(uri: str, way: str, folder: Path) -> int:
    """Return how many MiB more a large file takes than a small one, written to `uri` and read back."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, uri, str(SIZE_MIB), way],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_here(tmp_path: Path) -> None:
    assert grown(str(tmp_path / "data"), "stream", tmp_path) < 16


@pytest.mark.store
@pytest.mark.parametrize("way", ["stream", "down"])
def test_s3(s3_bucket: str, way: str, tmp_path: Path) -> None:
    assert grown(f"s3://{s3_bucket}/data", way, tmp_path) < MOST_MIB
