"""The rules of messages, beside what protovalidate says of the same messages."""

from __future__ import annotations

from typing import Any

import protovalidate
import pytest
from flyteidl2.common.identifier_pb2 import RunIdentifier
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec
from flyteidl2.task.task_service_pb2 import DeployTaskRequest
from flyteidl2.workflow.run_service_pb2 import CreateRunRequest
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.wire.rules import broken_rules

TEXTS = st.sampled_from(["", "x", "ü" * 30, "x" * 31, "x" * 63, "ä" * 64, "x" * 255, "x" * 256])
TASK = TaskIdentifier(org="o", project="p", domain="d", name="n", version="v")
IDENTITY = dict.fromkeys(("org", "project", "domain", "name"), TEXTS)


def agree(message: Any) -> None:
    ours = {each.path for each in broken_rules(message)}
    try:
        protovalidate.validate(message)
        theirs = set()
    except protovalidate.ValidationError as error:
        theirs = {".".join(part.field_name for part in each.proto.field.elements) for each in error.violations}
    assert ours == theirs


@given(st.fixed_dictionaries(IDENTITY))
def test_runs(fields: dict[str, str]) -> None:
    agree(CreateRunRequest(run_id=RunIdentifier(**fields), task_id=TASK))


@given(st.fixed_dictionaries({**IDENTITY, "version": TEXTS}), TEXTS, TEXTS)
def test_deployments(fields: dict[str, str], short: str, environment: str) -> None:
    spec = TaskSpec(short_name=short, environment={"name": environment}, documentation={"short_description": short})
    agree(DeployTaskRequest(task_id=TaskIdentifier(**fields), spec=spec))


@pytest.mark.parametrize("message", [DeployTaskRequest(), DeployTaskRequest(spec=TaskSpec())])
def test_what_has_to_be_there(message: Any) -> None:
    assert "spec" in {each.path.partition(".")[0] for each in broken_rules(message)}
    agree(message)
