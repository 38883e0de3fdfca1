"""From what clients ask to be run to new actions: runs, children, traced calls and conditions."""

from __future__ import annotations

from typing import Any

from flyteidl2.task.common_pb2 import Inputs
from flyteidl2.task.task_definition_pb2 import TaskIdentifier
from flyteidl2.workflow.run_definition_pb2 import (
    ACTION_TYPE_CONDITION,
    ACTION_TYPE_TASK,
    ACTION_TYPE_TRACE,
    ActionMetadata,
    RunSource,
)

from flytectl_py.machine.launches import needs_of
from flytectl_py.machine.phases import PAUSED, SUCCEEDED
from flytectl_py.machine.runs import ROOT, NewAction
from flytectl_py.wire.actions import cache_key


def root_action(spec: Any, task_id: Any, inputs: Inputs, input_uri: str, source: RunSource.ValueType) -> NewAction:
    """Return the first action of a run.

    :param inputs: what the task is called with, stored at `input_uri`.
    :raises CannotStartError: what the task asks for cannot be read.
    """
    metadata = spec.task_template.metadata
    key = cache_key(spec, inputs, tuple(metadata.cache_ignore_input_vars)) if metadata.discoverable else ""
    said = _metadata(spec, task_id)
    said.source = source
    return _task(ROOT, "", spec, said, input_uri, key)


def child_action(asked: Any) -> NewAction:
    """Return the action that a running task asks for.

    :param asked: an EnqueueActionRequest, or the Action of an EnqueueRequest.
    :raises CannotStartError: what the task asks for cannot be read.
    """
    if asked.HasField("trace"):
        return _trace(asked)
    if asked.HasField("condition"):
        return _condition(asked)
    said = _metadata(asked.task.spec, asked.task.id)
    said.parent, said.group = asked.parent_action_name, asked.group
    key = asked.task.cache_key.value if asked.task.HasField("cache_key") else ""
    return _task(asked.action_id.name, asked.parent_action_name, asked.task.spec, said, asked.input_uri, key)


def _task(name: str, parent: str, spec: Any, said: ActionMetadata, input_uri: str, key: str) -> NewAction:
    needs = needs_of(spec)
    timeouts = spec.task_template.metadata.timeouts
    return NewAction(
        name=name,
        parent=parent,
        kind="task",
        metadata=said.SerializeToString(),
        spec=spec.SerializeToString(),
        input_uri=input_uri,
        cache_key=key,
        expires=timeouts.queued_timeout.ToTimedelta().total_seconds() or None,
        deadline=timeouts.deadline.ToTimedelta().total_seconds() or None,
        cpu=needs.cpu,
        memory=needs.memory,
    )


def _trace(asked: Any) -> NewAction:
    """A traced call has happened when it is told of."""
    trace = asked.trace
    said = ActionMetadata(
        parent=asked.parent_action_name, group=asked.group, action_type=ACTION_TYPE_TRACE, funtion_name=trace.name
    )
    said.trace.name = trace.name
    return NewAction(
        name=asked.action_id.name,
        parent=asked.parent_action_name,
        kind="trace",
        metadata=said.SerializeToString(),
        spec=trace.spec.SerializeToString(),
        input_uri=asked.input_uri,
        phase=trace.phase or SUCCEEDED,
        output_uri=trace.outputs.output_uri,
        started=trace.start_time.ToNanoseconds() / 1e9 if trace.HasField("start_time") else None,
        ended=trace.end_time.ToNanoseconds() / 1e9 if trace.HasField("end_time") else None,
    )


def _condition(asked: Any) -> NewAction:
    """A condition pauses until it is told its value."""
    condition = asked.condition
    said = ActionMetadata(
        parent=asked.parent_action_name, group=asked.group, action_type=ACTION_TYPE_CONDITION,
        funtion_name=condition.name,
    )  # fmt: skip
    said.condition.name = condition.name
    said.condition.type.CopyFrom(condition.type)
    return NewAction(
        name=asked.action_id.name,
        parent=asked.parent_action_name,
        kind="condition",
        metadata=said.SerializeToString(),
        spec=condition.SerializeToString(),
        input_uri=asked.input_uri,
        phase=PAUSED,
        deadline=condition.timeout.ToTimedelta().total_seconds() or None,
    )


def _metadata(spec: Any, task_id: Any) -> ActionMetadata:
    name = spec.task_template.id
    made = ActionMetadata(action_type=ACTION_TYPE_TASK, environment_name=spec.environment.name)
    made.task.id.CopyFrom(
        task_id
        if task_id is not None and task_id.name
        else TaskIdentifier(
            org=name.org, project=name.project, domain=name.domain, name=name.name, version=name.version
        )
    )
    made.task.task_type = spec.task_template.type
    made.task.short_name = spec.short_name or name.name
    made.funtion_name = spec.short_name or name.name
    return made
