"""`python -m benchmarks [NAME …]`: measures, prints a table, and ends with 0 if every claim holds, with 1 if not."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cases import CASES
from benchmarks.finding import Finding
from benchmarks.measure import CannotMeasureError
from benchmarks.peer import ensure_peer
from benchmarks.report import machine, machine_line, table, write_json

MISSED = 1
NOT_READY = 3

_REPOSITORY = Path(__file__).resolve().parent.parent


def main(words: list[str] | None = None) -> int:
    """Measure what `words` name, everything if nothing, and return the exit code."""
    options = _parser().parse_args(words)
    names = options.names or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        _parser().error(f"no benchmark {', '.join(unknown)}; known: {', '.join(CASES)}")
    facts = machine()
    findings: dict[str, list[Finding]] = {}
    try:
        peer = ensure_peer(options.peer)
        with tempfile.TemporaryDirectory(prefix="flyte-benchmarks-") as scratch:
            bench = Bench(Path(scratch).resolve(), peer, options.rounds)
            for name in dict.fromkeys(names):
                print(f"measuring {name}", file=sys.stderr, flush=True)
                findings[name] = CASES[name](bench)
    except CannotMeasureError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return NOT_READY
    found = [finding for case in findings.values() for finding in case]
    print(machine_line(facts))
    print(table(found))
    if options.json is not None:
        write_json(options.json, findings, facts)
    missed = [finding.name for finding in found if finding.holds is False]
    if missed:
        print(f"missed: {', '.join(missed)}")
    return MISSED if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, as ratios taken in turns.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure; all: {', '.join(CASES)}")
    parser.add_argument("--rounds", type=_positive, default=15, help="runs of each side (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there as well")
    parser.add_argument(
        "--peer",
        type=Path,
        metavar="DIR",
        default=_REPOSITORY / ".peer",
        help="virtual environment of the tool to compare with; made if it is not there (.peer)",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
