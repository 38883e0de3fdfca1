"""`flyte logs RUN`: what the actions of a run print, or printed, here or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.get import LOCAL_OPTION, PLACE_OPTIONS, is_local
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.cli.records import ROOT_OPTION
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

LOGS_OPTIONS: Mapping[str, Option] = {
    "attempt": Option(("--attempt",), "On a cluster: which attempt.", "N", default="the latest"),
    "timestamps": Option(
        ("--timestamps", "-t"), "On a cluster: when each line was printed, in UTC.", kind="flag"
    ),
    "user_only": Option(
        ("--filter-system",), "On a cluster: only what the task itself prints.", kind="flag",
        more="It leaves out the lines of the machinery around the task.",
    ),
    **LOCAL_OPTION,
    **PLACE_OPTIONS,
    **ROOT_OPTION,
}  # fmt: skip

HELP = """Show what a run printed; on a cluster, what it prints, from its first line on, until it has ended.

Examples:
  flyte logs RUN             all that the run printed; on a cluster, its own task
  flyte logs RUN ACTION      one action; 'flyte get run RUN' names them
  flyte logs RUN --json      with where each piece was printed
"""


DESCRIPTION = Description("logs", HELP, "RUN [ACTION]", LOGS_OPTIONS)


def command() -> Any:
    """Return the command `logs`."""
    return make_command(DESCRIPTION, _logs)


def _logs(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError("which run? flyte logs needs RUN", hint="'flyte get run' lists them")
    if len(words) > 2:
        raise UsageError(f"flyte logs takes RUN [ACTION], got {' '.join(words)}", hint="see 'flyte logs --help'")
    run, action = words[0], words[1] if len(words) > 1 else None
    if is_local(options, output):
        for key in ("attempt", "timestamps", "user_only"):
            if options.get(key):
                flag = LOGS_OPTIONS[key].names[0]
                raise UsageError(f"{flag} is for runs on a cluster, and this one is here", where=flag)
        from flytectl_py.cli.records import show_logs

        show_logs(run, action, options, output)
        return
    from flytectl_py.cli.remote_logs import show_remote_logs

    show_remote_logs(run, action or "", options, output)
