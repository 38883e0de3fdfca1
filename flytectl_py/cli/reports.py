"""Telling where the reports of a run are, and opening them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flytectl_py.config.unattended import in_ci

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

NAMED = 10
"""Reports that are named one by one; of a large run the rest is counted."""


def reports_here() -> list[str]:
    """Return where the reports of this process's runs are; a run that makes none costs nothing."""
    if "flytectl_py.report" not in sys.modules:
        return []
    from flytectl_py.report import written_reports

    return written_reports()


def tell_reports(output: Output, *, opened: bool) -> None:
    """Say where the reports are; open the first in a browser if that was asked for."""
    paths = reports_here()
    for path in paths[:NAMED]:
        output.note(f"report: {path}")
    if len(paths) > NAMED:
        output.note(f"and {len(paths) - NAMED} more reports, beside the outputs of their actions")
    if not opened:
        return
    if not paths:
        output.note("no report was written: no task of this run logs to one, with @env.task(report=True)")
        return
    import webbrowser
    from pathlib import Path

    address = paths[0] if "://" in paths[0] else Path(paths[0]).absolute().as_uri()
    if in_ci() or not webbrowser.open(address):
        output.note(f"no browser can be opened here; open {address}")
