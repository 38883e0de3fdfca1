"""From rows of the database to the messages in which clients are told of them."""

from __future__ import annotations

import json
from typing import Any

from flyteidl2.common.identifier_pb2 import ActionIdentifier, RunIdentifier
from flyteidl2.common.phase_pb2 import ActionPhase
from flyteidl2.core.execution_pb2 import ExecutionError
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.task.run_pb2 import RunSpec
from flyteidl2.task.task_definition_pb2 import TaskSpec, TraceSpec
from flyteidl2.workflow.run_definition_pb2 import (
    Action,
    ActionAttempt,
    ActionDetails,
    ActionMetadata,
    ActionStatus,
    ClusterEvent,
    ConditionAction,
    ErrorInfo,
    Run,
    RunDetails,
)
from flyteidl2.workflow.state_service_pb2 import ActionUpdate

from flytectl_py.machine.launches import run_folder
from flytectl_py.machine.phases import ABORTED, ENDED, RUNNING
from flytectl_py.report import FILE_NAME as REPORT

_KINDS = {ExecutionError.USER: ErrorInfo.KIND_USER, ExecutionError.SYSTEM: ErrorInfo.KIND_SYSTEM}


def identifier(row: Any) -> ActionIdentifier:
    """Return what names the action of a row."""
    run = RunIdentifier(org=row["org"], project=row["project"], domain=row["domain"], name=row["run_name"])
    return ActionIdentifier(run=run, name=row["name"])


def action(row: Any) -> Action:
    """Return an action as lists have it."""
    return Action(id=identifier(row), metadata=ActionMetadata.FromString(row["metadata"]), status=_status(row))


def run(row: Any) -> Run:
    """Return a run, by the row of its first action."""
    return Run(action=action(row), labels=dict(RunSpec.FromString(row["run_spec"]).labels.values))


def details(row: Any, attempts: list[Any]) -> ActionDetails:
    """Return all that is known of an action, by its row and those of its attempts."""
    made = ActionDetails(id=identifier(row), metadata=ActionMetadata.FromString(row["metadata"]), status=_status(row))
    if row["kind"] == "task":
        made.task.CopyFrom(TaskSpec.FromString(row["spec"]))
    elif row["kind"] == "condition":
        made.condition.CopyFrom(ConditionAction.FromString(row["spec"]))
    else:
        made.trace.CopyFrom(TraceSpec.FromString(row["spec"]))
    if row["phase"] == ABORTED:
        made.abort_info.reason = row["reason"]
    elif row["error"] is not None:
        made.error_info.CopyFrom(_error_info(row["error"]))
    elif row["value"] is not None:
        made.signal_info.output.CopyFrom(Literal.FromString(row["value"]))
    made.attempts.extend(_attempt(row, each) for each in attempts)
    return made


def run_details(row: Any, attempts: list[Any]) -> RunDetails:
    """Return all that is known of a run, by the row of its first action."""
    return RunDetails(run_spec=RunSpec.FromString(row["run_spec"]), action=details(row, attempts))


def update(row: Any) -> ActionUpdate:
    """Return what the parent of an action is told when it changes."""
    # Until there are outputs it is where they will be: some clients want to know at once.
    uri = row["output_uri"] or f"{run_folder(row)}/{max(1, row['attempt'])}"
    made = ActionUpdate(action_id=identifier(row), phase=row["phase"], output_uri=uri)
    if row["phase"] == ABORTED:
        made.error.code, made.error.message, made.error.kind = "Aborted", row["reason"], ExecutionError.USER
    elif row["error"] is not None and row["phase"] in ENDED:
        made.error.CopyFrom(ExecutionError.FromString(row["error"]))
    elif row["value"] is not None:
        made.value.CopyFrom(Literal.FromString(row["value"]))
    return made


def events(attempts: list[Any], number: int) -> list[ClusterEvent]:
    """Return the phases of an attempt as events; of all attempts, where `number` is 0."""
    made = []
    for each in attempts:
        if number not in (0, each["number"]):
            continue
        for phase, began in json.loads(each["transitions"]):
            name = ActionPhase.Name(phase).removeprefix("ACTION_PHASE_").lower()
            event = ClusterEvent(message=f"attempt {each['number']}: {name}", reason=name)
            _set_time(event.occurred_at, began)
            made.append(event)
    return made


def _status(row: Any) -> ActionStatus:
    made = ActionStatus(phase=row["phase"], attempts=max(1, row["attempt"]), cache_status=row["cache_status"])
    _set_time(made.start_time, row["started"])
    if row["ended"] is not None:
        _set_time(made.end_time, row["ended"])
        made.duration_ms = max(0, round((row["ended"] - row["started"]) * 1000))
    return made


def _attempt(row: Any, attempt: Any) -> ActionAttempt:
    made = ActionAttempt(phase=attempt["phase"], attempt=attempt["number"], cache_status=row["cache_status"])
    _set_time(made.start_time, attempt["started"])
    if attempt["ended"] is not None:
        _set_time(made.end_time, attempt["ended"])
    if attempt["error"] is not None:
        made.error_info.CopyFrom(_error_info(attempt["error"]))
    transitions = json.loads(attempt["transitions"])
    for (phase, began), following in zip(transitions, [*transitions[1:], None], strict=True):
        transition = made.phase_transitions.add(phase=phase)
        _set_time(transition.start_time, began)
        if following is not None:
            _set_time(transition.end_time, following[1])
    made.logs_available = any(phase == RUNNING for phase, _ in transitions)
    made.outputs.output_uri = row["output_uri"] or attempt["output_uri"]
    made.outputs.report_uri = f"{attempt['output_uri']}/{REPORT}"
    return made


def _error_info(encoded: bytes) -> ErrorInfo:
    error = ExecutionError.FromString(encoded)
    return ErrorInfo(code=error.code, message=error.message, kind=_KINDS.get(error.kind, ErrorInfo.KIND_UNSPECIFIED))


def _set_time(stamp: Any, seconds: float) -> None:
    stamp.FromNanoseconds(int(seconds * 1_000_000) * 1000)
