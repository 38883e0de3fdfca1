"""`flyte --help`: what every command pays before it does anything."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.finding import Finding

LIMIT = 0.2


def measure(bench: Bench) -> list[Finding]:
    """Compare whole processes with the peer's."""
    folder = bench.folder("help")
    ours = bench.command(bench.flyte, "--help", cwd=folder, expects="run")
    peer = bench.command(bench.peer.flyte, "--help", cwd=folder, expects="run")
    return bench.compare_processes("flyte --help", ours, peer, limit=LIMIT)
