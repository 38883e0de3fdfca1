"""`flyte run FILE --help`: loading a file and listing its tasks."""

from __future__ import annotations

import shutil

from benchmarks.bench import EXAMPLES, Bench
from benchmarks.finding import Finding

LIMIT = 0.25


def measure(bench: Bench) -> list[Finding]:
    """Compare whole processes with the peer's."""
    folder = bench.folder("run-help")
    shutil.copy(EXAMPLES / "hello" / "hello.py", folder)
    words = ("run", "hello.py", "--help")
    ours = bench.command(bench.flyte, *words, cwd=folder, expects="double")
    peer = bench.command(bench.peer.flyte, *words, cwd=folder, expects="double")
    return bench.compare_processes("flyte run hello.py --help", ours, peer, limit=LIMIT)
