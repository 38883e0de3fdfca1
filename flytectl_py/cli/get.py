"""`flyte get`: what is known of runs, here or on a cluster, and of a cluster's tasks and projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.cli.records import ROOT_OPTION, SHOWN_RUNS
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output

LOCAL_OPTION: Mapping[str, Option] = {
    "local": Option(
        ("--local",), "Of this machine, also where an endpoint is set.", kind="flag",
        more="The records of this project's runs here, instead of those of the configured cluster.",
    )
}  # fmt: skip
PLACE_OPTIONS: Mapping[str, Option] = {
    "project": Option(("--project", "-p"), "Project of the cluster.", "NAME", env="FLYTE_PROJECT"),
    "domain": Option(("--domain", "-d"), "Domain of the cluster.", "NAME", env="FLYTE_DOMAIN"),
}
GET_OPTIONS: Mapping[str, Option] = {
    "limit": Option(("--limit",), "How many; 0 for all.", "N", default=f"{SHOWN_RUNS}, of a cluster 100"),
    **LOCAL_OPTION,
    **PLACE_OPTIONS,
    **ROOT_OPTION,
}
NAMES: Final = {"run": 1, "action": 2, "task": 1, "project": 1}
"""What is shown, with how many names it takes."""

HELP = """Show runs and their actions, here or, where an endpoint is configured, on the cluster there.

Examples:
  flyte get run                       the newest runs
  flyte get run NAME                  one run: its actions, times, attempts, cache hits
  flyte get action RUN [ACTION]       the actions of a run on the cluster, or one of them
  flyte get task [ENV.TASK[:VERSION]]  deployed tasks, or one of them with its inputs
  flyte get project [NAME]            projects of the cluster
"""


WORDS: Mapping[str, Word] = {
    "run": Word("[RUN]", "The newest runs, or one with its actions."),
    "action": Word("RUN [ACTION]", "The actions of a run on the cluster, or one."),
    "task": Word("[ENV.TASK[:VERSION]]", "Deployed tasks, or one with its inputs."),
    "project": Word("[NAME]", "Projects of the cluster."),
}
DESCRIPTION = Description("get", HELP, "run|action|task|project [NAME]...", GET_OPTIONS, WORDS)


def command() -> Any:
    """Return the command `get`."""
    return make_command(DESCRIPTION, _get)


def is_local(options: Mapping[str, Any], output: Output) -> bool:
    """Whether records of this machine are meant: where no endpoint is configured, and with ``--local``."""
    if options.get("local"):
        return True
    from flytectl_py.cli.connecting import settings_of

    return not settings_of(options, output).endpoint


def _get(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError(
            f"which kind of record? flyte get needs one of {', '.join(NAMES)}", hint="see 'flyte get --help'"
        )
    kind, *names = words
    kind = kind.removesuffix("s")
    if kind not in NAMES:
        raise UnknownNameError("kind of record", words[0], NAMES, hint="see 'flyte get --help'")
    if len(names) > NAMES[kind]:
        raise UsageError(
            f"flyte get {kind}: '{names[NAMES[kind]]}' is one name too many", hint="see 'flyte get --help'"
        )
    if not all(names):
        raise UsageError(f"flyte get {kind}: the name is empty", hint=f"'flyte get {kind}' lists what there is")
    if names and "limit" in options and kind != "action":
        raise UsageError("--limit is for lists, and one was named", where="--limit")
    if kind == "run" and is_local(options, output):
        from flytectl_py.cli.records import show_run, show_runs

        if names:
            show_run(names[0], options, output)
        else:
            show_runs(options, output)
        return
    if options.get("local"):
        hint = (
            "'flyte get run NAME' shows the actions of a run here" if kind == "action" else f"{kind}s are of a cluster"
        )
        raise UsageError(f"--local: only runs are recorded here, no {kind}s", hint=hint, where="--local")
    from flytectl_py.cli.remote_get import show

    show(kind, names, options, output)
