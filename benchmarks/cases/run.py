"""`flyte run` of a small task: from the shell to its answer."""

from __future__ import annotations

import shutil

from benchmarks.bench import EXAMPLES, Bench
from benchmarks.finding import Finding

LIMIT = 0.25


def measure(bench: Bench) -> list[Finding]:
    """Compare whole processes with the peer's, which has to be told to stay on this machine."""
    folder = bench.folder("run")
    shutil.copy(EXAMPLES / "hello" / "hello.py", folder)
    task = ("hello.py", "main", "--x", "1")
    ours = bench.command(bench.flyte, "run", *task, cwd=folder, expects="4\n")
    peer = bench.command(bench.peer.flyte, "run", "--local", *task, cwd=folder, expects="o0=4")
    return bench.compare_processes("flyte run hello.py main --x 1", ours, peer, limit=LIMIT)
