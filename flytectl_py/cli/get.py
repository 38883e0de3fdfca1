"""`flyte get run|action|task|project`: what a control plane knows, as tables or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from flytectl_py.cli.images import make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote import Remote
    from flytectl_py.model.task import Task

PLACE_OPTIONS: Mapping[str, Option] = {
    "project": Option(("--project", "-p"), "Project, instead of the configured one.", "NAME"),
    "domain": Option(("--domain", "-d"), "Domain, instead of the configured one.", "NAME"),
}

GET_OPTIONS: Mapping[str, Option] = {
    "limit": Option(("--limit",), "How many to list, the latest first; 100 by default, 0 for all.", "N"),
    **PLACE_OPTIONS,
}

HELP = """Show runs, actions, deployed tasks or projects of the cluster.

\b
Examples:
  flyte get run                       the latest runs
  flyte get run NAME                  one run, with its actions
  flyte get action RUN [ACTION]       the actions of a run, or one of them
  flyte get task [ENV.TASK[:VERSION]] deployed tasks, or one of them with its inputs
  flyte get project [NAME]
"""


def command() -> Any:
    """Return the command `get`."""
    return make_command("get", HELP, "run|action|task|project [NAME]...", GET_OPTIONS, _get)


def _get(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.cli.deployed import connected

    if not words:
        raise UsageError(f"get what? {', '.join(KINDS)}", hint="see 'flyte get --help'")
    kind, *names = words
    kind = kind.removesuffix("s")
    if kind not in KINDS:
        raise UnknownNameError("kind of record", words[0], KINDS, hint="see 'flyte get --help'")
    show, most = KINDS[kind]
    if len(names) > most:
        raise UsageError(f"flyte get {kind}: '{names[most]}' is one name too many", hint="see 'flyte get --help'")
    show(connected(options), names, _limit(options), output)


def _limit(options: Mapping[str, Any]) -> int:
    given = options.get("limit", "100")
    if not given.isdecimal():
        raise UsageError(f"--limit: got '{given}'; it takes a number, 0 or more", where="--limit")
    return int(given)


def _runs(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_sync(lambda: records.runs(remote, limit))
        documents = [{**shown.action_document(each), "url": remote.url_of(each.run)} for each in found]
        output.result(shown.runs_table(found), {"runs": documents})
        return
    run = run_sync(lambda: records.run(remote, names[0]))
    actions = run_sync(lambda: records.actions(remote, names[0]))
    url = remote.url_of(run.run)
    listed = [shown.action_document(each) for each in actions]
    output.result(shown.run_text(run, url, actions), {**shown.action_document(run), "url": url, "actions": listed})


def _actions(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        raise UsageError("flyte get action: of which run?", hint="flyte get action RUN [ACTION]")
    if len(names) == 1:
        found = run_sync(lambda: records.actions(remote, names[0], limit))
        output.result(shown.actions_table(found), {"actions": [shown.action_document(each) for each in found]})
        return
    action = run_sync(lambda: records.action(remote, names[0], names[1]))
    output.result(shown.action_text(action), shown.action_document(action))


def _tasks(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_sync(lambda: records.tasks(remote, limit))
        output.result(shown.tasks_table(found), {"tasks": [shown.task_document(each) for each in found]})
        return
    from flytectl_py.cli.deployed import fetched
    from flytectl_py.cli.params import signature, types_of

    task = fetched(remote, names[0])
    called = cast("Task[..., Any]", task)
    document = {**shown.task_document(task.record), **types_of(called)}
    output.result(shown.task_text(task.record, signature(task.short_name, called)), document)


def _projects(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_sync
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_sync(lambda: records.projects(remote, limit))
        output.result(shown.projects_table(found), {"projects": [shown.project_document(each) for each in found]})
        return
    project = run_sync(lambda: records.project(remote, names[0]))
    output.result(shown.projects_table([project]), shown.project_document(project))


KINDS: Final[Mapping[str, tuple[Callable[[Any, list[str], int, Any], None], int]]] = {
    "run": (_runs, 1),
    "action": (_actions, 2),
    "task": (_tasks, 1),
    "project": (_projects, 1),
}
"""What is shown, with how many names it takes."""
