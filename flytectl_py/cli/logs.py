"""`flyte logs RUN`: what the actions of a run print, up to the end of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.get import PLACE_OPTIONS
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote_records import LogLine

LOGS_OPTIONS: Mapping[str, Option] = {
    "attempt": Option(("--attempt",), "Which attempt of the action; by default the latest.", "N"),
    "timestamps": Option(("--timestamps", "-t"), "Put before each line when it was printed, in UTC.", kind="flag"),
    "user_only": Option(("--filter-system",), "Leave out the lines of the machinery around the task.", kind="flag"),
    **PLACE_OPTIONS,
}

HELP = """Show what a run prints, from its first line on, until it has ended.

\b
Examples:
  flyte logs RUN             the run's own task
  flyte logs RUN ACTION      one that it called; 'flyte get action RUN' names them
"""


def command() -> Any:
    """Return the command `logs`."""
    return make_command("logs", HELP, "RUN [ACTION]", LOGS_OPTIONS, _logs)


def _logs(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli.deployed import connected
    from flytectl_py.cli.output import print_result
    from flytectl_py.engines.following import read_logs

    if not words or len(words) > 2:
        raise UsageError("flyte logs takes RUN, and perhaps ACTION", hint="'flyte get run' lists runs")
    attempt = options.get("attempt", "0")
    if not attempt.isdecimal():
        raise UsageError(f"--attempt: got '{attempt}'; it takes a number from 1 on", where="--attempt")
    lines: list[dict[str, Any]] = []

    def show(line: LogLine) -> None:
        if options.get("user_only") and not line.by_user:
            return
        stamp = "" if line.when is None else line.when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if output.as_json:
            lines.append({"text": line.text, "when": stamp or None, "by_user": line.by_user})
            return
        text = line.text.rstrip("\n")
        print_result(f"{stamp} {text}" if options.get("timestamps") and stamp else text)

    remote = connected(options)
    run, action = words[0], words[1] if len(words) > 1 else ""
    found = run_sync(lambda: read_logs(remote, run, action, int(attempt), show))
    output.result("", {"run": run, "action": found.name, "phase": found.phase, "lines": lines})
