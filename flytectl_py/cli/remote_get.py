"""What a control plane knows of runs, actions, tasks and projects, as tables or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from flytectl_py.cli.kept_names import remember
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.remote import Remote
    from flytectl_py.model.task import Task


def show(kind: str, names: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show records of the control plane: the latest of a `kind`, or the one that is named."""
    from flytectl_py.cli.deployed import connected

    KINDS[kind](connected(options), names, _limit(options), output)


def _limit(options: Mapping[str, Any]) -> int:
    given = options.get("limit", "100")
    if not given.isdecimal():
        raise UsageError(f"--limit: got '{given}'; it takes a number, 0 or more", where="--limit")
    return int(given)


def _runs(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_calls(lambda: records.runs(remote, limit))
        remember("run", {each.run: () for each in found}, {each.run for each in found if each.has_ended})
        documents = [{**shown.action_document(each), "url": remote.url_of(each.run)} for each in found]
        output.result(shown.runs_table(found), {"runs": documents})
        return
    run = run_calls(lambda: records.run(remote, names[0]))
    remember("run", {run.run: ()}, {run.run} if run.has_ended else ())
    actions = run_calls(lambda: records.actions(remote, names[0]))
    url = remote.url_of(run.run)
    listed = [shown.action_document(each) for each in actions]
    document = {**shown.action_document(run), "url": url, "actions": len(listed), "action_list": listed}
    output.result(shown.run_text(run, url, actions), document)


def _actions(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        raise UsageError("which run? flyte get action needs RUN", hint="'flyte get run' lists them")
    if len(names) == 1:
        found = run_calls(lambda: records.actions(remote, names[0], limit))
        output.result(shown.actions_table(found), {"actions": [shown.action_document(each) for each in found]})
        return
    action = run_calls(lambda: records.action(remote, names[0], names[1]))
    output.result(shown.action_text(action), shown.action_document(action))


def _tasks(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_calls(lambda: records.tasks(remote, limit))
        remember("task", {each.name: () for each in found})
        output.result(shown.tasks_table(found), {"tasks": [shown.task_document(each) for each in found]})
        return
    from flytectl_py.cli.deployed import fetched
    from flytectl_py.cli.params import signature, types_of

    task = fetched(remote, names[0])
    called = cast("Task[..., Any]", task)
    remember("task", {task.name: [each.name for each in task.interface.inputs]})
    document = {**shown.task_document(task.record), **types_of(called)}
    output.result(shown.task_text(task.record, signature(task.short_name, called)), document)


def _projects(remote: Remote, names: list[str], limit: int, output: Output) -> None:
    from flytectl_py.bridge import run_calls
    from flytectl_py.cli import records_shown as shown
    from flytectl_py.engines import remote_records as records

    if not names:
        found = run_calls(lambda: records.projects(remote, limit))
        output.result(shown.projects_table(found), {"projects": [shown.project_document(each) for each in found]})
        return
    project = run_calls(lambda: records.project(remote, names[0]))
    output.result(shown.projects_table([project]), shown.project_document(project))


KINDS: Final[Mapping[str, Callable[[Any, list[str], int, Any], None]]] = {
    "run": _runs,
    "action": _actions,
    "task": _tasks,
    "project": _projects,
}
