"""What a running task sends about its children: which there are, a new one, one that was traced, the end of one."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flyteidl2.actions.actions_service_pb2 import AbortRequest, Action, EnqueueRequest, WatchForUpdatesRequest
from flyteidl2.common.identifier_pb2 import ActionIdentifier, RunIdentifier
from flyteidl2.common.phase_pb2 import (
    ACTION_PHASE_ABORTED,
    ACTION_PHASE_FAILED,
    ACTION_PHASE_RECOVERED,
    ACTION_PHASE_SUCCEEDED,
    ACTION_PHASE_TIMED_OUT,
)
from flyteidl2.task.common_pb2 import Inputs, OutputReferences
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec, TraceSpec
from flyteidl2.workflow.queue_service_pb2 import AbortQueuedActionRequest, EnqueueActionRequest
from flyteidl2.workflow.run_definition_pb2 import TaskAction, TraceAction
from flyteidl2.workflow.state_service_pb2 import WatchRequest
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.model.context import ActionID
from flytectl_py.model.interface import Interface
from flytectl_py.wire.inputs_hash import content_hash, hashed
from flytectl_py.wire.interfaces import typed_interface

SUCCEEDED: Final = frozenset({ACTION_PHASE_SUCCEEDED, ACTION_PHASE_RECOVERED})
ABORTED: Final = ACTION_PHASE_ABORTED
TIMED_OUT: Final = ACTION_PHASE_TIMED_OUT
ENDED: Final = frozenset({*SUCCEEDED, ACTION_PHASE_FAILED, ABORTED, TIMED_OUT})

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAME_LENGTH: Final = 25


class Child(NamedTuple):
    """Where one child stands: in whose action, under which name, with which inputs.

    :param run_base: the folder of the run, below which children have theirs, by name.
    """

    parent: ActionID
    name: str
    group: str | None
    run_base: str

    @property
    def folder(self) -> str:
        return f"{self.run_base}/{self.name}"

    @property
    def inputs(self) -> str:
        return f"{self.folder}/inputs.pb"


def action_name(parent: str, callee: bytes, inputs: str, number: int) -> str:
    """Return the name of a child: the same for the same call in another attempt of its parent.

    :param parent: the name of the parent's action. :param callee: what is called, e.g. a serialised TaskSpec.
    :param inputs: of `content_hash`. :param number: which of the parent's calls with all of that it is, from 0.
    """
    import hashlib

    fields: dict[str, Value] = {"parent": parent, "callee": callee, "inputs": inputs, "number": number}
    value = int.from_bytes(hashlib.sha256(encode_record("action", fields)).digest(), "big")
    letters = []
    for _ in range(_NAME_LENGTH):
        value, digit = divmod(value, len(_DIGITS))
        letters.append(_DIGITS[digit])
    return "".join(letters)


def cache_key(spec: TaskSpec, inputs: Inputs, ignored: tuple[str, ...]) -> str:
    """Return what a cached call goes by, so that all clients of Flyte 2 find what one of them has cached.

    It is the base64 of the SHA-256 over the hash of the inputs that count, the task's name, the hash of its interface
    and the version of its cache, as the reference runtime sends it (tests/golden/wire/parent/tree-queue.json).
    """
    template = spec.task_template
    counted = content_hash(each for each in inputs.literals if each.name not in ignored)
    interface = hashed(template.interface.SerializeToString(deterministic=True))
    return hashed(f"{counted}{template.id.name}{interface}{template.metadata.discovery_version}".encode())


def watch_request(parent: ActionID, *, use_actions: bool) -> Any:
    """Return the request for the updates of all children of `parent`."""
    identifier = _identifier(parent, parent.name)
    if use_actions:
        return WatchForUpdatesRequest(parent_action_id=identifier)
    return WatchRequest(parent_action_id=identifier)


def task_request(child: Child, spec: TaskSpec, key: str | None, *, use_actions: bool) -> Any:
    """Return the request that starts a child.

    :param key: of `cache_key`, where its outputs are cached.
    """
    name = spec.task_template.id
    action = TaskAction(
        id=TaskIdentifier(org=name.org, project=name.project, domain=name.domain, name=name.name, version=name.version),
        spec=spec,
        cache_key=None if key is None else StringValue(value=key),
    )
    return _request(child, use_actions=use_actions, task=action)


class Traced(NamedTuple):
    """A traced call that has ended; `outputs` is where they are, None where it failed; times are in ns since 1970."""

    name: str
    interface: Interface
    started: int
    ended: int
    outputs: str | None


def trace_request(child: Child, traced: Traced, *, use_actions: bool) -> Any:
    """Return the request that records a traced call as a child that has ended."""
    action = TraceAction(
        name=traced.name,
        phase=ACTION_PHASE_FAILED if traced.outputs is None else ACTION_PHASE_SUCCEEDED,
        start_time=_timestamp(traced.started),
        end_time=_timestamp(traced.ended),
        outputs=None if traced.outputs is None else OutputReferences(output_uri=traced.outputs),
        spec=TraceSpec(interface=typed_interface(traced.interface)),
    )
    return _request(child, use_actions=use_actions, trace=action)


def abort_request(child: Child, reason: str, *, use_actions: bool) -> Any:
    """Return the request that ends a child which nobody waits for any more."""
    identifier = _identifier(child.parent, child.name)
    if use_actions:
        return AbortRequest(action_id=identifier, reason=reason)
    return AbortQueuedActionRequest(action_id=identifier, reason=reason)


def _request(child: Child, *, use_actions: bool, **what: Any) -> Any:
    fields = {
        "action_id": _identifier(child.parent, child.name),
        "parent_action_name": child.parent.name,
        "input_uri": child.inputs,
        "run_output_base": child.run_base,
        "group": child.group or "",
        **what,
    }
    return EnqueueRequest(action=Action(**fields)) if use_actions else EnqueueActionRequest(**fields)


def _identifier(action: ActionID, name: str) -> ActionIdentifier:
    run = RunIdentifier(org=action.org, project=action.project, domain=action.domain, name=action.run_name)
    return ActionIdentifier(run=run, name=name)


def _timestamp(nanoseconds: int) -> Timestamp:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=rest)
