"""Records of local runs: what writing them costs an action, and how long reading them takes."""

from __future__ import annotations

from benchmarks.bench import PROGRAMS, Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave, run

CHILDREN = 5000
MOST_MICROSECONDS = 100
MOST_RECORDING = 30
RUNS = 10_000
MOST_LIST_MS = 300
_MOST_ROUNDS = 7


def measure(bench: Bench) -> list[Finding]:
    """Run thousands of children with and without records, then list the runs of a project that has had many."""
    return [*_writing(bench), *_reading(bench)]


def _writing(bench: Bench) -> list[Finding]:
    folder = bench.folder("records")
    words = (PROGRAMS / "records.py", str(CHILDREN))
    on = bench.command(bench.python, *words, cwd=folder)
    off = bench.command(bench.python, *words, cwd=folder, variables={"FLYTE_RECORDS": "off"})
    with_records, without = interleave(on, off, rounds=min(bench.rounds, _MOST_ROUNDS), warm_up=1)
    mine, others = ([float(sample.stdout) for sample in samples] for samples in (with_records, without))
    cost = [one - two for one, two in zip(mine, others, strict=True)]
    return [
        Finding(
            f"{CHILDREN} recorded children, each", "us", mine, others, "ours without records", judged="ours",
            limit=MOST_MICROSECONDS,
        ),
        Finding(
            f"recording one of {CHILDREN} actions", "us", cost, cost, "itself", judged="ours", limit=MOST_RECORDING
        ),
    ]  # fmt: skip


def _reading(bench: Bench) -> list[Finding]:
    folder = bench.folder("many runs")
    run(bench.command(bench.python, PROGRAMS / "many_runs.py", str(RUNS), cwd=folder))
    listing = bench.command(bench.flyte, "get", "run", cwd=folder, expects="many.parent")
    version = bench.command(bench.flyte, "--version", cwd=folder)
    lists, versions = interleave(listing, version, rounds=bench.rounds)
    return [
        Finding(
            f"flyte get run over {RUNS} runs",
            "ms",
            [1e3 * sample.seconds for sample in lists],
            [1e3 * sample.seconds for sample in versions],
            "flyte --version",
            judged="ours",
            limit=MOST_LIST_MS,
        )
    ]
