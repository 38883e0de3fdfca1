"""`flyte get`: what is known of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.images import make_command
from flytectl_py.cli.records import LIST_OPTIONS, ROOT_OPTION, show_run, show_runs
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

HELP = """Show the runs of this project on this machine, or one of them with all its actions.

\b
Examples:
  flyte get run               the newest runs
  flyte get run NAME          one run: its actions, times, attempts, cache hits
  flyte get run NAME --json   with inputs, outputs and errors
"""

SUBJECTS = ("run",)


def command() -> Any:
    """Return the command `get`."""
    return make_command("get", HELP, "run [NAME]", {**LIST_OPTIONS, **ROOT_OPTION}, _get)


def _get(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError("get what? flyte get run [NAME]", hint="see 'flyte get --help'")
    if words[0].removesuffix("s") not in SUBJECTS:
        raise UnknownNameError("subject", words[0], SUBJECTS, hint="flyte get run [NAME]")
    if len(words) > 2:
        raise UsageError(f"one run at a time: got {' '.join(words[1:])}", hint="flyte get run NAME")
    if len(words) == 1:
        show_runs(options, output)
        return
    if "limit" in options:
        raise UsageError("--limit is for the list of runs, and one was named", where="--limit")
    show_run(words[1], options, output)
