from __future__ import annotations

import re

import pytest
from flyteidl2.core.literals_pb2 import Literal, LiteralCollection, Primitive, Scalar
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral
from flyteidl2.task.task_definition_pb2 import TaskSpec
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.model.context import ActionID
from flytectl_py.wire.actions import Child, abort_request, action_name, cache_key, task_request, watch_request
from flytectl_py.wire.inputs_hash import content_hash

PARENT = ActionID("a0", "r1", "p", "d", "o")


def number(value: int, **more: str) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(integer=value)), **more)


def inputs(**literals: Literal) -> Inputs:
    return Inputs(literals=[NamedLiteral(name=name, value=value) for name, value in literals.items()])


calls = st.tuples(st.text(), st.binary(), st.text(), st.integers(0, 10**6))


@given(calls, calls)
def test_names_of_actions(one: tuple[str, bytes, str, int], other: tuple[str, bytes, str, int]) -> None:
    assert re.fullmatch(r"[0-9a-z]{25}", action_name(*one))
    assert (action_name(*one) == action_name(*other)) == (one == other)


def test_a_hash_stands_for_the_value_that_has_it() -> None:
    def identity(uri: str) -> str:
        held = Literal(collection=LiteralCollection(literals=[number(1, hash="same"), number(2)]))
        return content_hash(inputs(x=number(len(uri), hash="same"), xs=held).literals)

    assert identity("s3://b/1/f") == identity("s3://b/22/f")
    assert content_hash(inputs(x=number(1)).literals) != content_hash(inputs(x=number(2)).literals)


def test_ignored_inputs_do_not_move_the_key_of_a_cached_call() -> None:
    spec = TaskSpec()
    one, other = inputs(x=number(1), y=number(2)), inputs(x=number(1), y=number(3))
    assert cache_key(spec, one, ("y",)) == cache_key(spec, other, ("y",))
    assert cache_key(spec, one, ()) != cache_key(spec, other, ())
    versioned = TaskSpec()
    versioned.task_template.metadata.discovery_version = "2"
    assert cache_key(spec, one, ()) != cache_key(versioned, one, ())


@pytest.mark.parametrize("use_actions", [True, False])
def test_both_services_are_told_the_same(use_actions: bool) -> None:
    child = Child(PARENT, "c1", "group", "s3://b/run")
    made = task_request(child, TaskSpec(short_name="t"), "key", use_actions=use_actions)
    action = made.action if use_actions else made
    assert action.input_uri == "s3://b/run/c1/inputs.pb"
    assert (action.group, action.parent_action_name, action.action_id.name) == ("group", "a0", "c1")
    assert (action.task.spec.short_name, action.task.cache_key.value) == ("t", "key")
    assert watch_request(PARENT, use_actions=use_actions).parent_action_id.run.name == "r1"
    assert abort_request(child, "why", use_actions=use_actions).action_id.name == "c1"


def test_a_call_that_is_not_cached_has_no_key() -> None:
    assert not task_request(Child(PARENT, "c", None, "/r"), TaskSpec(), None, use_actions=False).task.HasField(
        "cache_key"
    )
