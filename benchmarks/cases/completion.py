"""One TAB: the inputs of a task, asked for as the script for bash asks."""

from __future__ import annotations

import shutil

from benchmarks.bench import EXAMPLES, Bench
from benchmarks.finding import Finding

LIMIT = 0.2


def measure(bench: Bench) -> list[Finding]:
    """Compare what a TAB starts with what it starts for the peer."""
    folder = bench.folder("completion")
    shutil.copy(EXAMPLES / "hello" / "hello.py", folder)
    line = "flyte run hello.py main --"
    ours = bench.command(bench.flyte, "_complete", "bash", line, " :=", cwd=folder, expects="--x")
    asks = {"_FLYTE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "4"}
    theirs = bench.command(bench.peer.flyte, cwd=folder, expects="plain,--", variables=asks)
    return bench.compare_processes("a TAB at an input", ours, theirs, limit=LIMIT)
