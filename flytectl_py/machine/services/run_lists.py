"""Runs and actions as lists have them: their fields, and runs in groups, one for each task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from flyteidl2.core.execution_pb2 import ExecutionError
from flyteidl2.task.run_pb2 import RunSpec
from flyteidl2.workflow.run_definition_pb2 import ActionMetadata, TaskGroup

from flytectl_py.machine.phases import ENDED, FAILED, RUNNING, TIMED_OUT
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.services.listing import Fields
from flytectl_py.machine.services.serving import user

RECENT: Final = 10
"""How many of the latest runs of a task a group names."""


def run_fields(plane: Plane) -> Fields:
    """Return the fields of runs, by the rows of their first actions."""
    return {
        **action_fields(plane),
        "name": lambda row: row["run_name"],
        "created_by": lambda _row: user(),
        "labels.": lambda row: RunSpec.FromString(row["run_spec"]).labels.values,
    }


def action_fields(plane: Plane) -> Fields:
    """Return the fields of actions, by their rows."""
    return {
        "name": lambda row: row["name"],
        "run_name": lambda row: row["run_name"],
        "parent": lambda row: row["parent"],
        "phase": lambda row: row["phase"],
        "attempts": lambda row: max(1, row["attempt"]),
        "created_at": lambda row: row["created"],
        "updated_at": lambda row: _moments(plane, row)[-1],
        "ended_at": lambda row: row["ended"],
        "task_name": lambda row: _metadata(row).task.id.name or None,
        "task_version": lambda row: _metadata(row).task.id.version or None,
        "function_name": lambda row: _metadata(row).funtion_name,
        "environment_name": lambda row: _metadata(row).environment_name,
        "group": lambda row: _metadata(row).group,
        "action_type": lambda row: _metadata(row).action_type,
        "source": lambda row: _metadata(row).source,
    }


def is_of(row: Any, wanted: Any) -> bool:
    """Whether a run is one of a task, by its TaskName or, with a version, its TaskIdentifier."""
    found = _metadata(row).task.id
    return found.name == wanted.name and getattr(wanted, "version", "") in ("", found.version)


def groups_of(plane: Plane, rows: Iterable[Any]) -> dict[str, TaskGroup]:
    """Return runs in groups by the name of their task; the group with the latest run first.

    :param rows: of their first actions, the latest first.
    """
    by_task: dict[str, list[Any]] = {}
    for row in rows:
        by_task.setdefault(_metadata(row).task.id.name, []).append(row)
    return {name: _group(plane, name, of_task) for name, of_task in by_task.items()}


def _group(plane: Plane, name: str, rows: list[Any]) -> TaskGroup:
    """:param rows: of the runs of one task, the latest first."""
    latest = _metadata(rows[0])
    made = TaskGroup(
        task_name=name,
        environment_name=latest.environment_name,
        short_name=latest.task.short_name,
        total_runs=len(rows),
        recent_statuses=[{"run_name": row["run_name"], "phase": row["phase"]} for row in rows[:RECENT]],
        phase_counts=[
            {"phase": phase, "count": count} for phase, count in sorted(Counter(row["phase"] for row in rows).items())
        ],
    )
    _set_seconds(made.latest_run_time, rows[0]["created"])
    ended = [row for row in rows if row["phase"] in ENDED]
    if ended:
        failed = [row for row in ended if row["phase"] in (FAILED, TIMED_OUT)]
        made.average_failure_rate = len(failed) / len(ended)
        _count_errors(made, failed)
        _set_seconds(made.average_duration, sum(row["ended"] - row["started"] for row in ended) / len(ended))
        _set_seconds(made.latest_finished_time, max(row["ended"] for row in ended))
    waits = [began - row["created"] for row in rows if (began := _first_running(plane, row)) is not None]
    if waits:
        _set_seconds(made.average_time_to_running, sum(waits) / len(waits))
    return made


def _count_errors(made: TaskGroup, failed: list[Any]) -> None:
    for row in failed:
        kind = ExecutionError.FromString(row["error"] or b"").kind
        if kind == ExecutionError.USER:
            made.error_counts.user_error += 1
        elif kind == ExecutionError.SYSTEM:
            made.error_counts.system_error += 1
        else:
            made.error_counts.unspecified_error += 1


def _metadata(row: Any) -> ActionMetadata:
    return ActionMetadata.FromString(row["metadata"])


def _moments(plane: Plane, row: Any) -> list[float]:
    """Return when the phase of an action has changed, from its making on."""
    of_attempts = [began for each in plane.progress.attempts(row["id"]) for _, began in json.loads(each["transitions"])]
    return sorted({row["created"], *of_attempts, *([] if row["ended"] is None else [row["ended"]])})


def _first_running(plane: Plane, row: Any) -> float | None:
    """Return when an action first ran; None where it never did."""
    transitions = (
        transition for each in plane.progress.attempts(row["id"]) for transition in json.loads(each["transitions"])
    )
    return next((began for phase, began in transitions if phase == RUNNING), None)


def _set_seconds(stamp: Any, seconds: float) -> None:
    stamp.FromNanoseconds(max(0, int(seconds * 1_000_000)) * 1000)
