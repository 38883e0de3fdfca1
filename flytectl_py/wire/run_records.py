"""What a control plane says of runs, actions, tasks and projects, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flyteidl2.common.phase_pb2 import ActionPhase
from flyteidl2.logs.dataplane.payload_pb2 import LogLineOriginator
from flyteidl2.workflow.run_definition_pb2 import ErrorInfo

from flytectl_py.errors import ErrorKind

_KINDS: Final[dict[int, ErrorKind]] = {ErrorInfo.KIND_USER: "user", ErrorInfo.KIND_SYSTEM: "system"}

ENDED: Final = frozenset({"succeeded", "failed", "aborted", "timed_out", "recovered"})
"""The phases that nothing follows."""


@dataclass(frozen=True)
class Failure:
    """Why an action failed. `kind` is ``user``, ``system`` or ``unknown``."""

    code: str
    message: str
    kind: ErrorKind


@dataclass(frozen=True)
class ActionRecord:
    """One action of a run; the run itself is the action ``a0``, without a parent.

    Times are UTC, and None where they are not known yet. `seconds` is how long it took, if it has ended.
    """

    run: str
    name: str
    parent: str
    group: str
    task: str
    version: str
    environment: str
    phase: str
    started: datetime | None
    ended: datetime | None
    seconds: float | None
    attempts: int
    failure: Failure | None = None
    abort_reason: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.phase in ENDED


@dataclass(frozen=True)
class TaskRecord:
    """One version of a deployed task."""

    name: str
    version: str
    environment: str
    short_name: str
    description: str
    deployed: datetime | None
    deployed_by: str


@dataclass(frozen=True)
class ProjectRecord:
    """A project and its domains."""

    name: str
    title: str
    description: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class LogLine:
    """One line that a container printed; `by_user` is False for those of the machinery around the task."""

    text: str
    when: datetime | None
    by_user: bool


def phase_name(phase: int) -> str:
    """Return a phase in lower case, without its prefix: ``running``."""
    return str(ActionPhase.Name(phase)).removeprefix("ACTION_PHASE_").lower()


def action_record(action: Any) -> ActionRecord:
    """Return what an Action or an ActionDetails says."""
    metadata, status = action.metadata, action.status
    task = metadata.task
    kind = action.WhichOneof("result") if "result" in action.DESCRIPTOR.oneofs_by_name else None
    return ActionRecord(
        run=action.id.run.name,
        name=action.id.name,
        parent=metadata.parent,
        group=metadata.group,
        task=task.id.name or metadata.trace.name or metadata.funtion_name,
        version=task.id.version,
        environment=metadata.environment_name,
        phase=phase_name(status.phase),
        started=_moment(status, "start_time"),
        ended=_moment(status, "end_time"),
        seconds=status.duration_ms / 1000 if status.HasField("duration_ms") else None,
        attempts=status.attempts,
        failure=_failure(action.error_info) if kind == "error_info" else None,
        abort_reason=action.abort_info.reason if kind == "abort_info" else "",
    )


def run_record(message: Any) -> ActionRecord:
    """Return what a Run or a RunDetails says: its root action."""
    return action_record(message.action)


def task_record(message: Any) -> TaskRecord:
    """Return what a Task or a TaskDetails says."""
    metadata = message.metadata
    return TaskRecord(
        name=message.task_id.name,
        version=message.task_id.version,
        environment=metadata.environment_name,
        short_name=metadata.short_name,
        description=metadata.short_description,
        deployed=_moment(metadata, "deployed_at"),
        deployed_by=_person(metadata.deployed_by) if metadata.HasField("deployed_by") else "",
    )


def project_record(message: Any) -> ProjectRecord:
    """Return what a Project says."""
    domains = tuple(each.id for each in message.domains)
    return ProjectRecord(message.id, message.name, message.description, domains)


def log_lines(response: Any) -> Iterator[LogLine]:
    """Yield the lines of one message of a stream of logs."""
    for log in response.logs:
        for line in log.lines:
            yield LogLine(line.message, _moment(line, "timestamp"), line.originator != LogLineOriginator.SYSTEM)


def last_attempt(details: Any) -> int:
    """Return the number of the latest attempt of an ActionDetails, from 1 on."""
    attempts: Iterable[Any] = details.attempts
    return max((each.attempt for each in attempts), default=1)


def _failure(error: Any) -> Failure:
    return Failure(error.code, error.message, _KINDS.get(error.kind, "unknown"))


def _moment(message: Any, field: str) -> datetime | None:
    found: datetime = getattr(message, field).ToDatetime(tzinfo=UTC)
    return found if message.HasField(field) else None


def _person(identity: Any) -> str:
    user = identity.user.spec
    return str(user.email or f"{user.first_name} {user.last_name}".strip() or identity.user.id.subject)
