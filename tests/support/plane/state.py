"""What the control plane of the tests knows: its calls, tasks, projects, blobs, and runs that follow a story."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from flyteidl2.auth import auth_service_pb2, identity_pb2
from flyteidl2.common import identifier_pb2, phase_pb2
from flyteidl2.core import literals_pb2
from flyteidl2.logs.dataplane import payload_pb2 as logs_pb2
from flyteidl2.project import project_service_pb2
from flyteidl2.task import common_pb2, run_pb2, task_definition_pb2
from flyteidl2.workflow import run_definition_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


@dataclass(frozen=True)
class Story:
    """What becomes of a run that is created.

    :param phases: its phases in order; each one lasts `pace` seconds, the last one for ever.
    :param lines: what its task prints. :param error: (code, message) of a run that fails; code USER means the user's.
    :param outputs: name -> literal. :param children: names of tasks that it calls.
    :param system: whether a failure is the cluster's own fault.
    """

    phases: tuple[str, ...] = ("QUEUED", "RUNNING", "SUCCEEDED")
    pace: float = 0.05
    lines: tuple[str, ...] = ("hello from the task",)
    error: tuple[str, str] | None = None
    outputs: dict[str, literals_pb2.Literal] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    system: bool = False


FAILED = Story(
    phases=("QUEUED", "RUNNING", "FAILED"),
    lines=("about to fail",),
    error=("ValueError", "bad luck\n\nTraceback (most recent call last):\n  app.py:7 in main\nValueError: bad luck"),
)
ENDLESS = Story(phases=("QUEUED", "RUNNING"))


@dataclass
class Call:
    """One request: its method, e.g. ``RunService.CreateRun`` or ``PUT``, with what it carried."""

    method: str
    headers: dict[str, str]
    message: Any = None
    path: str = ""
    content: bytes = b""
    violations: str = ""

    @property
    def json(self) -> dict[str, Any]:
        """The message as protobuf's JSON, with the proto's field names."""
        return dict(MessageToDict(self.message, preserving_proto_field_name=True))


class Running:
    """A run, from its creation on."""

    def __init__(
        self,
        run_id: identifier_pb2.RunIdentifier,
        spec: Message,
        run_spec: run_pb2.RunSpec,
        inputs: Message,
        story: Story,
    ) -> None:
        self.id = run_id
        self.spec: Any = spec
        self.run_spec = run_spec
        self.inputs: Any = inputs
        self.story = story
        self.started = time.time()
        self.aborted = ""
        self._at_abort = 0

    def phase_names(self) -> tuple[str, ...]:
        """The phases so far."""
        story = self.story
        reached = len(story.phases) if not story.pace else int((time.time() - self.started) / story.pace) + 1
        if self.aborted:
            return (*story.phases[: self._at_abort], "ABORTED")
        return story.phases[: max(1, reached)]

    def abort(self, reason: str) -> None:
        if self.phase_names()[-1] not in ENDED:
            self._at_abort = len(self.phase_names())
            self.aborted = reason or "aborted"

    @property
    def ended(self) -> bool:
        return self.phase_names()[-1] in ENDED

    def actions(self) -> list[run_definition_pb2.Action]:
        """The root action, then its children."""
        names = ["a0", *(f"c{number}" for number in range(len(self.story.children)))]
        return [self.action(name) for name in names]

    def action(self, name: str) -> run_definition_pb2.Action:
        made = run_definition_pb2.Action()
        made.id.run.CopyFrom(self.id)
        made.id.name = name
        template = self.spec.task_template.id
        short = self.spec.short_name or template.name
        if name != "a0":
            made.metadata.parent = "a0"
            short = self.story.children[int(name[1:])]
        made.metadata.task.id.CopyFrom(
            task_definition_pb2.TaskIdentifier(
                org=template.org, project=template.project, domain=template.domain, name=template.name,
                version=template.version,
            )
        )  # fmt: skip
        made.metadata.task.short_name = short
        made.metadata.funtion_name = short
        made.metadata.environment_name = self.spec.environment.name
        made.metadata.action_type = run_definition_pb2.ACTION_TYPE_TASK
        phases = self.phase_names()
        made.status.phase = phase_pb2.ActionPhase.Value(f"ACTION_PHASE_{phases[-1]}")
        made.status.attempts = 1
        made.status.start_time.FromMilliseconds(int(self.started * 1000))
        if self.ended:
            made.status.end_time.FromMilliseconds(int((self.started + self.story.pace * (len(phases) - 1)) * 1000))
            made.status.duration_ms = int(self.story.pace * (len(phases) - 1) * 1000)
        return made

    def action_details(self, name: str) -> run_definition_pb2.ActionDetails:
        action = self.action(name)
        made = run_definition_pb2.ActionDetails(id=action.id, metadata=action.metadata, status=action.status)
        made.task.CopyFrom(self.spec)
        phases = self.phase_names()
        attempt = made.attempts.add(phase=action.status.phase, attempt=1, logs_available="RUNNING" in phases)
        attempt.start_time.CopyFrom(action.status.start_time)
        for phase in phases:
            attempt.phase_transitions.add(phase=phase_pb2.ActionPhase.Value(f"ACTION_PHASE_{phase}"))
        if phases[-1] == "FAILED" and self.story.error is not None:
            made.error_info.code, made.error_info.message = self.story.error
            made.error_info.kind = 2 if self.story.system else 1
            attempt.error_info.CopyFrom(made.error_info)
        if phases[-1] == "ABORTED":
            made.abort_info.reason = self.aborted
        return made

    def details(self) -> run_definition_pb2.RunDetails:
        return run_definition_pb2.RunDetails(run_spec=self.run_spec, action=self.action_details("a0"))

    def outputs(self) -> common_pb2.Outputs:
        if self.phase_names()[-1] != "SUCCEEDED":
            return common_pb2.Outputs()
        literals = [common_pb2.NamedLiteral(name=name, value=value) for name, value in self.story.outputs.items()]
        return common_pb2.Outputs(literals=literals)

    def log_lines(self) -> list[logs_pb2.LogLine]:
        if "RUNNING" not in self.phase_names():
            return []
        user = logs_pb2.LogLineOriginator.USER
        return [logs_pb2.LogLine(message=line, originator=user) for line in self.story.lines]


class State:
    """All that the server knows. Tests read it, and set what comes next."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.story = Story()
        self.runs: dict[str, Running] = {}
        self.tasks: dict[tuple[str, str, str, str], task_definition_pb2.TaskDetails] = {}
        self.blobs: dict[str, bytes] = {}
        self.expected_md5: dict[str, bytes] = {}
        self.inputs: dict[str, Any] = {}
        self.projects = [
            project_service_pb2.Project(
                id=name,
                name=name,
                description=f"about {name}",
                domains=[{"id": each, "name": each} for each in ("development", "staging", "production")],
            )
            for name in ("flytesnacks", "default")
        ]
        self.user = identity_pb2.UserInfoResponse(subject="u1", name="Ada Lovelace", email="ada@example.org")
        self.oauth = auth_service_pb2.GetOAuth2MetadataResponse()
        self.client_config = auth_service_pb2.GetPublicClientConfigResponse()
        self.accepted_tokens: set[str] | None = None
        """None: nobody has to log in."""

    def deploy(self, spec: task_definition_pb2.TaskSpec, task_id: task_definition_pb2.TaskIdentifier) -> bool:
        """Take a task in; False if this version of it is there already."""
        key = (task_id.project, task_id.domain, task_id.name, task_id.version)
        with self.lock:
            if key in self.tasks:
                return False
            details = task_definition_pb2.TaskDetails(task_id=task_id, spec=spec)
            details.metadata.short_name = spec.short_name
            details.metadata.environment_name = spec.environment.name
            details.metadata.deployed_at.GetCurrentTime()
            self.tasks[key] = details
            return True

    def change_next_story(self, **changes: Any) -> None:
        """Let the next runs differ from the story that is set."""
        self.story = replace(self.story, **changes)
