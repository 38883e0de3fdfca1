"""Interfaces and default inputs of declared tasks, as messages."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, NewType

import pytest
from flyteidl2.core.interface_pb2 import TypedInterface
from flyteidl2.task.common_pb2 import NamedParameter
from google.protobuf.json_format import ParseDict

from flytectl_py.model.interface import Interface
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.interfaces import default_inputs, pickled, typed_interface

TESTS = Path(__file__).parents[2]
RECORDINGS = sorted((TESTS / "golden/wire/deploy").glob("*.json"))
APPS = TESTS / "fixtures/wire_apps"
# What a docstring says of inputs comes from elsewhere.
DESCRIPTIONS = {"leaf.work": {"x": "what to work on."}}


@pytest.fixture(scope="module", autouse=True)
def apps() -> Iterator[None]:
    before, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(APPS), str(APPS / "package/src")]
    yield
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        if str(APPS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def _task(template: dict[str, Any], name: str) -> Any:
    """Return the task that a recording was made of; its container's arguments end with module and variable."""
    if "container" in template:
        words = template["container"]["args"]
    else:
        pods = template["k8s_pod"]["pod_spec"]["containers"]
        words = next(each["args"] for each in pods if each.get("args"))
    return getattr(importlib.import_module(words[-3]), words[-1])


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_interfaces_are_those_recorded(file: Path) -> None:
    spec = json.loads(file.read_text())["spec"]
    task = _task(spec["task_template"], file.stem)
    expected = ParseDict(spec["task_template"]["interface"], TypedInterface())
    assert typed_interface(task.interface, DESCRIPTIONS.get(file.stem)) == expected
    defaults = [ParseDict(each, NamedParameter()) for each in spec.get("default_inputs", [])]
    assert default_inputs(task.interface) == defaults


class Point(NamedTuple):
    z: int
    a: str


def many(z: int, a: int = 1) -> tuple[int, int, int, int, int, int, int, int, int, int, int]: ...  # type: ignore[empty-body]
def point(x: int) -> Point: ...  # type: ignore[empty-body]
def bare(x): ...  # type: ignore[no-untyped-def]
def nothing() -> None: ...
def wrong(x: int = "a") -> None: ...  # type: ignore[assignment]


def _names(variables: Any) -> list[str]:
    return [each.key for each in variables.variables]


def test_variables_stand_in_the_order_of_their_names() -> None:
    message = typed_interface(Interface.of(many))
    assert _names(message.inputs) == ["a", "z"]
    assert _names(message.outputs) == ["o0", "o1", "o10", *(f"o{n}" for n in range(2, 10))]


def test_the_outputs_of_a_named_tuple_have_the_names_of_its_fields() -> None:
    assert _names(typed_interface(Interface.of(point)).outputs) == ["a", "z"]


@pytest.mark.parametrize("function", [bare, nothing])
def test_without_a_return_annotation_there_are_no_outputs(function: Any) -> None:
    message = typed_interface(Interface.of(function))
    assert message.HasField("outputs")
    assert _names(message.outputs) == []


def test_descriptions_stand_at_their_inputs() -> None:
    message = typed_interface(Interface.of(many), {"z": "the last letter"})
    assert {each.key: each.value.description for each in message.inputs.variables} == {"a": "", "z": "the last letter"}


def test_a_default_that_is_no_value_is_refused_by_name() -> None:
    with pytest.raises(BadValue, match=r"^x \(default\): got 'a' of type str; takes an integer$"):
        default_inputs(Interface.of(wrong))


UserId = NewType("UserId", int)


def passes(
    a: Any, b: bytes, c: UserId, d: list[set[int]], e: dt.time | None, f: Literal[1, 2], g: int, h: dict[str, Any]
) -> tuple[complex, str]: ...  # type: ignore[empty-body]


def test_what_is_pickled_without_need_is_named() -> None:
    assert pickled(Interface.of(passes)) == {
        "c": f"{__name__}.UserId",
        "d": "set[int]",
        "e": "<class 'datetime.time'>",
        "o0": "<class 'complex'>",
    }
