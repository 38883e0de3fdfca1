"""What a control plane knows of runs, actions, tasks and projects, asked for and returned as plain values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from flytectl_py.controlplane.api import NotFoundError
from flytectl_py.engines.remote import Remote
from flytectl_py.errors import did_you_mean
from flytectl_py.wire import run_request as request
from flytectl_py.wire.run_records import (
    ActionRecord,
    Failure,
    LogLine,
    ProjectRecord,
    TaskRecord,
    action_record,
    project_record,
    run_record,
    task_record,
)

__all__ = [
    "ActionRecord", "Failure", "LogLine", "ProjectRecord", "TaskRecord",
    "abort", "action", "action_details", "actions", "data", "latest_task", "project", "projects",
    "run", "run_details", "runs", "task", "task_record", "tasks",
]  # fmt: skip

PAGE = 100

T = TypeVar("T")


async def runs(remote: Remote, limit: int = PAGE) -> list[ActionRecord]:
    """Return the latest runs of the project, the latest first."""
    async with remote.connect() as plane:

        async def page(size: int, token: str) -> tuple[list[ActionRecord], str]:
            answer = await plane.runs.list_runs(request.list_runs(remote.scope, size, token))
            return [run_record(each) for each in answer.runs], answer.token

        return await _paged(page, limit, remote.settings.batch_size)


async def run(remote: Remote, name: str) -> ActionRecord:
    """Return a run.

    :raises NotFoundError: there is none of that name.
    """
    async with remote.connect() as plane:
        return run_record(await run_details(plane, remote, name))


async def run_details(plane: Any, remote: Remote, name: str) -> Any:
    """Return the RunDetails of a run. Raises as `run`."""
    asked = plane.runs.get_run_details(request.run_details(remote.scope, name))
    return (await _found(asked, "run", name, remote, "flyte get run")).details


async def actions(remote: Remote, run_name: str, limit: int = 0) -> list[ActionRecord]:
    """Return the actions of a run in the order in which they were made; all of them, where `limit` is 0.

    :raises NotFoundError: there is no such run.
    """
    async with remote.connect() as plane:

        async def page(size: int, token: str) -> tuple[list[ActionRecord], str]:
            asked = plane.runs.list_actions(request.list_actions(remote.scope, run_name, size, token))
            answer = await _found(asked, "run", run_name, remote, "flyte get run")
            return [action_record(each) for each in answer.actions], answer.token

        return await _paged(page, limit, remote.settings.batch_size)


async def action(remote: Remote, run_name: str, name: str) -> ActionRecord:
    """Return one action of a run.

    :raises NotFoundError: there is none of that name.
    """
    async with remote.connect() as plane:
        return action_record(await action_details(plane, remote, run_name, name))


async def action_details(plane: Any, remote: Remote, run_name: str, name: str) -> Any:
    """Return the ActionDetails of an action. Raises as `action`."""
    asked = plane.runs.get_action_details(request.action_details(remote.scope, run_name, name))
    if name == request.ROOT_ACTION:
        return (await _found(asked, "run", run_name, remote, "flyte get run")).details
    return (await _found(asked, "action", f"{run_name}/{name}", remote, f"flyte get action {run_name}")).details


async def tasks(remote: Remote, limit: int = PAGE) -> list[TaskRecord]:
    """Return the latest version of each deployed task, the latest deployed first."""
    async with remote.connect() as plane:

        async def page(size: int, token: str) -> tuple[list[TaskRecord], str]:
            answer = await plane.tasks.list_tasks(request.list_tasks(remote.scope, size, token))
            return [task_record(each) for each in answer.tasks], answer.token

        return await _paged(page, limit, remote.settings.batch_size)


async def task(remote: Remote, name: str, version: str = "") -> Any:
    """Return the TaskDetails of a deployed task; of its latest version, unless one is named.

    :raises NotFoundError: there is no such task, or no such version of it.
    """
    async with remote.connect() as plane:
        settled = version or await latest_task(plane, remote, name)
        asked = plane.tasks.get_task_details(request.task_details(remote.scope, name, settled))
        answer = await _found(asked, "task", f"{name}:{settled}", remote, f"flyte get task {name}")
        return answer.details


async def latest_task(plane: Any, remote: Remote, name: str) -> str:
    """Return the version of a task that was deployed last.

    :raises NotFoundError: there is no task of that name.
    """
    answer = await plane.tasks.list_tasks(request.list_tasks(remote.scope, 1, names=[name]))
    for each in answer.tasks:
        if each.task_id.name == name:
            return str(each.task_id.version)
    known = await plane.tasks.list_tasks(request.list_tasks(remote.scope, PAGE))
    suggestion = did_you_mean(name, [each.task_id.name for each in known.tasks])
    raise _unknown("task", name, remote, "flyte get task", suggestion)


async def projects(remote: Remote, limit: int = PAGE) -> list[ProjectRecord]:
    """Return the projects."""
    async with remote.connect() as plane:

        async def page(size: int, token: str) -> tuple[list[ProjectRecord], str]:
            answer = await plane.projects.list_projects(request.list_projects(remote.scope.org, size, token))
            return [project_record(each) for each in answer.projects.projects], answer.projects.token

        return await _paged(page, limit, remote.settings.batch_size)


async def project(remote: Remote, name: str) -> ProjectRecord:
    """Return a project.

    :raises NotFoundError: there is none of that name.
    """
    async with remote.connect() as plane:
        asked = plane.projects.get_project(request.project_details(remote.scope.org, name))
        answer = await _found(asked, "project", name, remote, "flyte get project")
        return project_record(answer.project)


async def abort(remote: Remote, run_name: str, reason: str) -> ActionRecord:
    """Stop a run with all its actions, and return it as it was before.

    :raises NotFoundError: there is no such run.
    """
    async with remote.connect() as plane:
        before = run_record(await run_details(plane, remote, run_name))
        if not before.has_ended:
            await plane.runs.abort_run(request.abort_run(remote.scope, run_name, reason))
        return before


async def data(plane: Any, remote: Remote, run_name: str, action_name: str = request.ROOT_ACTION) -> Any:
    """Return the inputs and outputs of an action, as the control plane's answer holds them."""
    question = request.cluster_for_data(remote.scope, run_name, action_name)
    cluster = await plane.cluster_of(question)
    return await cluster.data.get_action_data(request.action_data(remote.scope, run_name, action_name))


async def _paged(page: Callable[[int, str], Awaitable[tuple[list[T], str]]], limit: int, most: int) -> list[T]:
    """Ask for page after page until `limit` is reached, if it is not 0, or nothing is left.

    :param most: how many one page may have.
    """
    found: list[T] = []
    token = ""
    while True:
        size = min(most, limit - len(found)) if limit else most
        more, token = await page(size, token)
        found += more
        if not token or not more or (limit and len(found) >= limit):
            return found[:limit] if limit else found


async def _found(asked: Awaitable[T], kind: str, name: str, remote: Remote, listing: str) -> T:
    try:
        return await asked
    except NotFoundError as error:
        raise _unknown(kind, name, remote, listing) from error


def _unknown(kind: str, name: str, remote: Remote, listing: str, suggestion: str = "") -> NotFoundError:
    message, hint = f"no {kind} '{name}'", f"'{listing}' lists what is there"
    if kind != "project":  # A project lies in none.
        message += f" in project {remote.scope.project}, domain {remote.scope.domain}"
        hint += "; --project and --domain look elsewhere"
    return NotFoundError(
        message,
        hint=f"{suggestion} {hint}" if suggestion else hint,
        where=remote.settings.endpoint or "",
    )
