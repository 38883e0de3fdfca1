"""Interfaces of tasks whose code is not here: options are typed, and what is given reaches the code."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypedDict

import pytest
from flyteidl2.core.interface_pb2 import TypedInterface
from flyteidl2.core.types_pb2 import LiteralType, SimpleType
from pydantic import BaseModel

from flyte.io import Dir, File
from flytectl_py.model.interface import MISSING, Interface
from flytectl_py.values.convert import choices, describe, from_text
from flytectl_py.wire.guessed import annotation_of, interface_of, plain_value, with_given
from flytectl_py.wire.inputs import Recorded, input_values, inputs_message
from flytectl_py.wire.interfaces import default_inputs, typed_interface
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.types import literal_type


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    a: int
    lasts: dt.timedelta = dt.timedelta(seconds=3)
    raw: bytes = b""


@dataclass
class Outer:
    name: str
    inner: Inner
    colors: list[Color] = field(default_factory=list)
    by_day: dict[dt.date, float] = field(default_factory=dict)
    pair: tuple[int, str] = (1, "x")
    maybe: int | None = None


class Model(BaseModel):
    title: str
    lasts: dt.timedelta = dt.timedelta(seconds=3)
    color: Color = Color.RED


class Pair(NamedTuple):
    left: int
    right: str


class Row(TypedDict, total=False):
    a: int
    when: dt.datetime


class Anywhere:
    """A world where every path exists."""

    def now(self) -> Any:
        raise AssertionError("no input says now")

    def is_file(self, _path: str) -> bool:
        return True

    def is_dir(self, _path: str) -> bool:
        return True


@pytest.mark.parametrize(
    "annotation",
    [
        int, float, str, bool, type(None), dt.datetime, dt.timedelta, Any, File, Dir, dict,
        list[int], dict[str, float], list[dict[str, bool]], int | str, list[File] | None, Literal["a", "b"],
    ],
    ids=str,
)  # fmt: skip
def test_what_a_type_tells_whole(annotation: Any) -> None:
    assert annotation_of(literal_type(annotation)) == annotation


def test_a_type_that_is_not_known_takes_anything() -> None:
    assert annotation_of(LiteralType()) is Any
    assert annotation_of(LiteralType(simple=SimpleType.ERROR)) is Any


GIVEN: list[tuple[Any, str, Any]] = [
    (Outer, '{"name": "n", "inner": {"a": 1}}', Outer("n", Inner(1))),
    (
        Outer,
        '{"name": "n", "inner": {"a": 1, "lasts": "90s", "raw": "é"}, "colors": ["red"], "pair": [2, "y"], "maybe": 7}',
        Outer("n", Inner(1, dt.timedelta(seconds=90), "é".encode()), [Color.RED], pair=(2, "y"), maybe=7),
    ),
    (
        Outer,
        '{"name": "n", "inner": {"a": 1}, "by_day": {"2026-01-31": 1}}',
        Outer("n", Inner(1), by_day={dt.date(2026, 1, 31): 1.0}),
    ),
    (Model, '{"title": "t", "lasts": "90s", "color": "BLUE"}',
     Model(title="t", lasts=dt.timedelta(seconds=90), color=Color.BLUE)),
    (Pair, '{"left": 1, "right": "x"}', Pair(1, "x")),
    (tuple[int, str], '[1, "x"]', (1, "x")),
    (Row, '{"when": "2026-01-31T00:00:00Z"}', {"when": dt.datetime(2026, 1, 31, tzinfo=dt.UTC)}),
    (Outer | int, '{"name": "n", "inner": {"a": 1}}', Outer("n", Inner(1))),
    (Outer | int, "3", 3),
    (list[Outer], '[{"name": "n", "inner": {"a": 1}}]', [Outer("n", Inner(1))]),
    (tuple[int, str] | None, '[1, "x"]', (1, "x")),
    (Color, "BLUE", Color.BLUE),
    (Color | None, "BLUE", Color.BLUE),
    (File, "s3://bucket/x", File("s3://bucket/x")),
    (Any, '{"a": [1]}', {"a": [1]}),
    (set[int], "[1, 2]", {1, 2}),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "text", "expected"), GIVEN, ids=range(len(GIVEN)))
def test_what_is_typed_reaches_the_code(annotation: Any, text: str, expected: Any) -> None:
    kind = literal_type(annotation)
    guessed = annotation_of(kind)
    literal = to_literal(guessed, from_text(guessed, text, Anywhere()))
    read = from_literal(annotation, literal)
    assert read == (list(expected) if isinstance(expected, set) else expected)
    if kind.HasField("union_type") and annotation is not Any and not isinstance(expected, set):
        assert literal.scalar.union.type in kind.union_type.variants


def test_options_are_typed() -> None:
    guessed = annotation_of(literal_type(Outer))
    assert "Outer, with" in describe(guessed)
    assert choices(annotation_of(literal_type(Color))) == ["RED", "BLUE"]


def deployed(
    x: int, names: list[str], cfg: Outer, n: int = 3, at: dt.datetime | None = None, s: frozenset[int] = frozenset({1})
) -> tuple[int, str]: ...  # type: ignore[empty-body]


DEPLOYED = Interface.of(deployed)


def test_an_interface_is_guessed_with_its_defaults() -> None:
    guessed = interface_of(typed_interface(DEPLOYED), default_inputs(DEPLOYED))
    assert [each.name for each in guessed.inputs] == ["cfg", "names", "x", "n", "at", "s"]
    defaults = {each.name: each.default for each in guessed.inputs}
    assert defaults["x"] is MISSING
    assert (defaults["n"], defaults["at"]) == (3, None)
    assert isinstance(defaults["s"], Recorded)
    assert defaults["s"].shown["of"] == "frozenset[int]"
    assert [(each.name, each.annotation) for each in guessed.outputs] == [("o0", int), ("o1", str)]
    values = {"cfg": {"name": "n", "inner": {"a": 1}}, "names": ["a"], "x": 1}
    read = input_values(DEPLOYED, inputs_message(guessed, values))
    assert read == {
        "x": 1, "names": ["a"], "cfg": Outer("n", Inner(1)), "n": 3, "at": None, "s": frozenset({1})
    }  # fmt: skip


def test_many_outputs_are_in_order() -> None:
    def many() -> tuple[int, int, int, int, int, int, int, int, int, int, int]: ...  # type: ignore[empty-body]

    guessed = interface_of(typed_interface(Interface.of(many)))
    assert [each.name for each in guessed.outputs] == [f"o{number}" for number in range(11)]


def test_a_task_without_anything_has_an_empty_interface() -> None:
    guessed = interface_of(TypedInterface())
    assert (guessed.inputs, guessed.outputs, guessed.returns) == ((), (), None)


@pytest.mark.parametrize(
    ("annotation", "value", "shown"),
    [
        (int, 3, 3),
        (float, float("nan"), "NaN"),
        (dt.timedelta, dt.timedelta(seconds=90), "PT1M30S"),
        (list[int | None], [1, None], [1, None]),
        (dict[str, File], {"a": File("s3://bucket/x")}, {"a": "s3://bucket/x"}),
        (tuple[int, str], (1, "x"), [1, "x"]),
        (Outer, Outer("n", Inner(1)), {
            "name": "n", "inner": {"a": 1, "lasts": 3.0, "raw": ""}, "colors": [], "by_day": {}, "pair": [1, "x"],
            "maybe": None,
        }),
        (set[int], {1}, {"type": "pickle", "of": "set[int]", "bytes": 20}),
        (set[int] | None, {1}, {"type": "pickle", "of": "set[int]", "bytes": 20}),
    ],
    ids=str,
)  # fmt: skip
def test_values_are_shown_without_their_code(annotation: Any, value: Any, shown: Any) -> None:
    literal = to_literal(annotation, value)
    if isinstance(shown, dict) and "bytes" in shown:
        shown["bytes"] = len(
            (literal.scalar.union.value if literal.scalar.HasField("union") else literal).scalar.binary.value
        )
    assert plain_value(literal, literal_type(annotation)) == shown


class Loud:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled_to_be_shown_or_guessed() -> None:
    def task(x: Loud = Loud(), y: list[Any] = [Loud()]) -> None: ...  # noqa: B006, B008

    interface = Interface.of(task)
    defaults = default_inputs(interface)
    guessed = interface_of(typed_interface(interface), defaults)
    assert all(isinstance(each.default, Recorded) for each in guessed.inputs)
    assert [each.value for each in inputs_message(guessed, {}).literals] == [
        each.parameter.default for each in defaults
    ]


def test_the_inputs_of_a_run_are_sent_again_as_they_were() -> None:
    def task(x: int, color: Color, outer: Outer, anything: object, when: dt.datetime, name: str = "n") -> None: ...

    interface = Interface.of(task)
    values = {
        "x": 1,
        "color": Color.BLUE,
        "outer": Outer("o", Inner(2)),
        "anything": {1, 2},
        "when": dt.datetime.now(dt.UTC),
    }
    sent = inputs_message(interface, values)
    kinds = typed_interface(interface)
    again = with_given(interface_of(kinds, default_inputs(interface)), kinds, sent)
    assert not any(each.required for each in again.inputs)
    assert inputs_message(again, {}) == sent
    other = inputs_message(again, {"x": 2})
    assert {each.name for each in other.literals if each not in sent.literals} == {"x"}
