"""`flyte logs`: what the actions of a run printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.images import make_command
from flytectl_py.cli.records import ROOT_OPTION, show_logs
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

HELP = """Print what the actions of a run on this machine printed, each line with the action where there are several.

\b
Examples:
  flyte logs NAME           all that the run printed
  flyte logs NAME a3        what one action printed, as it was
  flyte logs NAME --json    with the stream of each piece
"""


def command() -> Any:
    """Return the command `logs`."""
    return make_command("logs", HELP, "NAME [ACTION]", ROOT_OPTION, _logs)


def _logs(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError("which run? flyte logs NAME", hint="'flyte get run' lists them")
    if len(words) > 2:
        raise UsageError(f"one action at a time: got {' '.join(words[1:])}", hint="flyte logs NAME [ACTION]")
    show_logs(words[0], words[1] if len(words) > 1 else None, options, output)
