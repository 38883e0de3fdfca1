"""`flyte abort RUN`: stop a run on a cluster, with all that it called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.get import PLACE_OPTIONS
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

ABORT_OPTIONS: Mapping[str, Option] = {
    "reason": Option(("--reason",), "Why; the run says so from then on.", "TEXT"),
    **PLACE_OPTIONS,
}

HELP = """Stop a run on the cluster, with everything that it called.

Examples:
  flyte abort RUN
  flyte abort RUN --reason "wrong input"

A run that has ended stays as it is.
"""


DESCRIPTION = Description("abort", HELP, "RUN", ABORT_OPTIONS)


def command() -> Any:
    """Return the command `abort`."""
    return make_command(DESCRIPTION, _abort)


def _abort(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli.deployed import connected
    from flytectl_py.cli.kept_names import remember
    from flytectl_py.engines.remote_records import abort

    names = words[1:] if len(words) == 2 and words[0] == "run" else words
    if not names or not names[0]:
        raise UsageError("which run? flyte abort needs RUN", hint="'flyte get run' lists them")
    if len(names) > 1:
        raise UsageError(f"flyte abort takes RUN, got {' '.join(names)}", hint="see 'flyte abort --help'")
    remote = connected(options)
    before = run_calls(lambda: abort(remote, names[0], options.get("reason") or "aborted with flyte abort"))
    remember("run", {before.run: ()}, {before.run})
    if before.has_ended:
        output.note(f"{before.run} has ended already: {before.phase.replace('_', ' ')}")
    else:
        output.note(f"{before.run} is being stopped")
    state = before.phase if before.has_ended else "aborted"
    output.result("", {"run": before.run, "phase": state, "was": before.phase})
