"""What is printed and written of the findings, and of the machine that they were made on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.finding import Finding
from benchmarks.measure import Spread
from benchmarks.peer import VERSION

_HEAD = ("what", "unit", "ours", "[min, max]", "other", "[min, max]", "ratio", "[min, max]", "claim", "")
_NUMBERS = range(2, 8)


def table(findings: Iterable[Finding]) -> str:
    """Return the findings as lines of text: medians with their least and most, and whether each claim holds."""
    rows = [_HEAD, *(_row(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(_aligned(row, widths) for row in rows)


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, load, Python, versions, and how this project is installed."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "processors": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
        "flytectl-py": importlib.metadata.version("flytectl-py"),
        "installed": _installation(),
        "peer": f"flyte {VERSION}",
    }


def machine_line(facts: Mapping[str, Any]) -> str:
    """Return the facts of `machine` as one line."""
    return (
        f"{facts['system']}, {facts['processors']} x {facts['processor']}, load {facts['load'][0]};"
        f" Python {facts['python']}; flytectl-py {facts['flytectl-py']} ({facts['installed']} install)"
        f" against {facts['peer']}"
    )


def write_json(file: Path, findings: Mapping[str, Sequence[Finding]], facts: Mapping[str, Any]) -> None:
    """Write the findings of each case, with every raw value, and the machine's facts."""
    cases = {name: [finding.as_json() for finding in found] for name, found in findings.items()}
    file.write_text(json.dumps({"machine": facts, "cases": cases}, indent=1) + "\n")


def _row(finding: Finding) -> tuple[str, ...]:
    verdict = {True: "ok", False: "MISSED", None: ""}[finding.holds]
    spreads = (
        *_spread(Spread.of(finding.ours), 1),
        *_spread(Spread.of(finding.other), 1),
        *_spread(finding.ratio, 3),
    )
    return (f"{finding.name}, to {finding.against}", finding.unit, *spreads, finding.claim, verdict)


def _spread(spread: Spread, digits: int) -> tuple[str, str]:
    return f"{spread.median:.{digits}f}", f"[{spread.minimum:.{digits}f}, {spread.maximum:.{digits}f}]"


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _processor() -> str:
    """Return the processor's name where the system tells it."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown processor")


def _installation() -> str:
    """Return ``editable`` or ``regular``: an editable one costs a little more at every start."""
    origin = importlib.metadata.distribution("flytectl-py").read_text("direct_url.json")
    is_editable = origin is not None and json.loads(origin).get("dir_info", {}).get("editable", False)
    return "editable" if is_editable else "regular"
