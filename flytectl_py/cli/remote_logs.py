"""What the actions of a run on a cluster print, up to the end of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote_records import LogLine


def show_remote_logs(run: str, action: str, options: Mapping[str, Any], output: Output) -> None:
    """Print the lines of an action as they come, until the run has ended; of the run's own task where none is named."""
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli.deployed import connected
    from flytectl_py.cli.output import print_result
    from flytectl_py.engines.following import read_logs

    if not run:
        raise UsageError("which run? the name is empty", hint="'flyte get run' lists runs")
    attempt = options.get("attempt", "0")
    if not attempt.isdecimal() or ("attempt" in options and int(attempt) < 1):
        raise UsageError(f"--attempt: got '{attempt}'; it takes a number from 1 on", where="--attempt")
    lines: list[dict[str, Any]] = []
    shown = False

    def show(line: LogLine) -> None:
        if options.get("user_only") and not line.by_user:
            return
        nonlocal shown
        shown = True
        stamp = "" if line.when is None else line.when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if output.as_json:
            lines.append({"text": line.text, "when": stamp or None, "by_user": line.by_user})
            return
        text = line.text.rstrip("\n")
        print_result(f"{stamp} {text}" if options.get("timestamps") and stamp else text)

    remote = connected(options)
    found = run_calls(lambda: read_logs(remote, run, action, int(attempt), show))
    if not shown:
        output.note(f"{run} printed nothing" + (f" in {action}" if action else ""))
    output.result("", {"run": run, "action": found.name, "phase": found.phase, "lines": lines})
