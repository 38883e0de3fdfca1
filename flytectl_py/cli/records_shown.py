"""Records of runs, actions, tasks and projects as a person reads them, and as --json has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.output import indented

if TYPE_CHECKING:
    from datetime import datetime

    from flytectl_py.engines.remote_records import ActionRecord, ProjectRecord, TaskRecord


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under their headings, column below column; only headings where there are no rows."""
    listed = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[at]) for row in listed) for at in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in listed]
    return "\n".join(line.rstrip() for line in lines)


def runs_table(runs: Iterable[ActionRecord]) -> str:
    """Return runs, one on each line."""
    rows = (
        [each.run, each.task, _short(each.version), _phase(each), _when(each.started), _took(each)] for each in runs
    )
    return table(("RUN", "TASK", "VERSION", "PHASE", "STARTED", "SECONDS"), rows)


def actions_table(actions: Iterable[ActionRecord]) -> str:
    """Return the actions of a run, each below the one that called it, and indented."""
    listed = list(actions)
    children: dict[str, list[ActionRecord]] = {}
    names = {each.name for each in listed}
    for each in listed:
        children.setdefault(each.parent if each.parent in names else "", []).append(each)
    rows: list[tuple[str, ...]] = []
    waiting = [(each, 0) for each in reversed(children.get("", []))]
    while waiting:
        each, depth = waiting.pop()
        rows.append(("  " * depth + each.name, each.task, _phase(each), str(each.attempts), _took(each)))
        waiting += [(child, depth + 1) for child in reversed(children.get(each.name, []))]
    return table(("ACTION", "TASK", "PHASE", "ATTEMPTS", "SECONDS"), rows)


def tasks_table(tasks: Iterable[TaskRecord]) -> str:
    """Return tasks, one on each line."""
    rows = ([each.name, _short(each.version), _when(each.deployed), each.description] for each in tasks)
    return table(("TASK", "VERSION", "DEPLOYED", "DESCRIPTION"), rows)


def projects_table(projects: Iterable[ProjectRecord]) -> str:
    """Return projects, one on each line."""
    rows = ([each.name, ", ".join(each.domains), each.description] for each in projects)
    return table(("PROJECT", "DOMAINS", "DESCRIPTION"), rows)


def run_text(run: ActionRecord, url: str, actions: Iterable[ActionRecord]) -> str:
    """Return all about one run: what it is, how it ended, and its actions."""
    lines = [*_about(run, run.run), f"url: {url}", "", actions_table(actions)]
    return "\n".join(lines)


def action_text(action: ActionRecord) -> str:
    """Return all about one action."""
    return "\n".join(_about(action, f"{action.run}/{action.name}"))


def task_text(task: TaskRecord, signature: str) -> str:
    """Return all about one version of a task."""
    lines = [
        f"{task.name}:{task.version}",
        signature,
        *([task.description] if task.description else []),
        f"environment: {task.environment}",
        f"deployed: {_when(task.deployed)}{f' by {task.deployed_by}' if task.deployed_by else ''}",
    ]
    return "\n".join(lines)


def action_document(action: ActionRecord) -> dict[str, Any]:
    """Return what --json says of an action, or of a run."""
    return {
        "run": action.run,
        "action": action.name,
        "parent": action.parent or None,
        "group": action.group or None,
        "task": action.task,
        "version": action.version or None,
        "environment": action.environment or None,
        "phase": action.phase,
        "started": _stamp(action.started),
        "ended": _stamp(action.ended),
        "seconds": action.seconds,
        "attempts": action.attempts,
        "error": _failure_document(action),
        "abort_reason": action.abort_reason or None,
    }


def task_document(task: TaskRecord) -> dict[str, Any]:
    """Return what --json says of a task."""
    return {
        "task": task.name,
        "version": task.version,
        "environment": task.environment or None,
        "short_name": task.short_name,
        "description": task.description or None,
        "deployed": _stamp(task.deployed),
        "deployed_by": task.deployed_by or None,
    }


def project_document(project: ProjectRecord) -> dict[str, Any]:
    """Return what --json says of a project."""
    return {
        "project": project.name,
        "name": project.title,
        "description": project.description or None,
        "domains": list(project.domains),
    }


def _failure_document(action: ActionRecord) -> dict[str, str] | None:
    from flytectl_py.wire.failures import in_parts, place_in

    if action.failure is None:
        return None
    message, traceback = in_parts(action.failure.message)
    said = {"code": action.failure.code, "message": message, "kind": action.failure.kind}
    return {**said, "where": place_in(traceback), "traceback": traceback} if traceback else said


def _about(action: ActionRecord, name: str) -> list[str]:
    took = f" in {action.seconds:g} s" if action.seconds is not None else ""
    lines = [f"{name}: {_phase(action)}{took}", f"task: {action.task}:{action.version}".rstrip(":")]
    if action.started is not None:
        lines.append(f"started: {_when(action.started)}")
    if action.attempts > 1:
        lines.append(f"attempts: {action.attempts}")
    failure = _failure_document(action)
    if failure is not None:
        lines.append(f"error: {failure['code']}: {indented(failure['message'])}")
    if failure is not None and "where" in failure:
        lines.append(f"  at {failure['where']}")
    if action.abort_reason:
        lines.append(f"aborted: {action.abort_reason}")
    return lines


def _phase(action: ActionRecord) -> str:
    return action.phase.replace("_", " ")


def _short(version: str) -> str:
    """Return what a table shows of a version: of a digest enough to tell it from others."""
    return version[:12] if re.fullmatch("[0-9a-f]{32}", version) else version


def _took(action: ActionRecord) -> str:
    return "" if action.seconds is None else f"{action.seconds:.1f}"


def _when(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
