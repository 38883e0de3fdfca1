"""Dataclasses, NamedTuples, TypedDicts and pydantic models as inputs and outputs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, Required, TypedDict

import pydantic
import pytest

from flytectl_py.values.convert import BadValue, describe, from_json, from_text, to_json, type_name

T = typing.TypeVar("T")
WORLD: Any = None


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5
    size: Annotated[int, "pixels"] = dataclasses.field(default=1, kw_only=True)


@dataclasses.dataclass
class Tree:
    name: str
    children: list[Tree] = dataclasses.field(default_factory=list)
    parent: Tree | None = None


@dataclasses.dataclass
class Box(Generic[T]):
    content: T
    more: list[T] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Order:
    price: int
    count: int
    discount: dataclasses.InitVar[int] = 0
    total: int = dataclasses.field(init=False)
    kinds: typing.ClassVar[int] = 3

    def __post_init__(self, discount: int) -> None:
        if self.count < 0:
            raise ValueError("a negative count")
        self.total = self.price * self.count - discount


@dataclasses.dataclass
class Broken:
    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


class Pair(NamedTuple):
    left: int
    right: list[int] = []


class Options(TypedDict):
    name: str
    size: NotRequired[int]


class Loose(TypedDict, total=False):
    name: Required[str]
    size: Annotated[int, "px"]


class Item(pydantic.BaseModel):
    name: str
    price: float = pydantic.Field(gt=0)
    when: dt.datetime | None = None
    alias: int = pydantic.Field(default=1, alias="otherName")


class Cart(pydantic.BaseModel):
    items: list[Item]


def test_a_dataclass_nests_and_keeps_defaults() -> None:
    read = from_text(Tree, '{"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}', WORLD)
    assert read == Tree("a", [Tree("b", [Tree("c")])])
    assert from_text(Point, '{"x": 1, "size": 4}', WORLD) == Point(1, size=4)


def test_every_fault_of_a_dataclass_is_said_at_once() -> None:
    with pytest.raises(BadValue) as caught:
        from_text(list[Point], '[{"x": 1}, {"X": "a", "y": "b", "size": 1.5}]', WORLD)
    said = caught.value.sentence("--points")
    assert "[1].X: Point has no such field; did you mean 'x'?" in said
    assert "[1].x: the field is missing; takes an integer" in said
    assert '[1].y: got "b"; takes a number' in said
    assert "[1].size: got 1.5; takes an integer" in said
    assert len(caught.value.faults) == 4
    assert said.endswith("""e.g. --points '[{"x": 3}]'""")


def test_a_generic_dataclass_knows_its_argument() -> None:
    assert from_text(Box[dt.date], '{"content": "2026-01-31", "more": []}', WORLD) == Box(dt.date(2026, 1, 31))
    with pytest.raises(BadValue, match=r"\.more\[0\]: got"):
        from_text(Box[int], '{"content": 1, "more": ["a"]}', WORLD)
    assert type_name(Box[int]) == "Box[int]"


def test_computed_fields_are_written_and_only_checked_when_read() -> None:
    order = from_text(Order, '{"price": 2, "count": 3, "discount": 1}', WORLD)
    assert order.total == 5
    assert to_json(order) == {"price": 2, "count": 3, "total": 5}
    assert from_json(Order, {"price": 2, "count": 3, "total": 6}, WORLD).total == 6
    with pytest.raises(BadValue, match=r"\.total: got 7 \(it is computed, and is 6\)"):
        from_json(Order, {"price": 2, "count": 3, "total": 7}, WORLD)


def test_what_a_class_says_when_it_refuses() -> None:
    with pytest.raises(BadValue, match="Order: a negative count"):
        from_json(Order, {"price": 2, "count": -3}, WORLD)


def test_annotations_that_cannot_be_resolved() -> None:
    with pytest.raises(BadValue, match="annotations of Broken cannot be resolved: name 'Nowhere'"):
        from_text(Broken, '{"x": 1}', WORLD)
    assert to_json(Broken(1)) == {"x": 1}
    assert describe(Broken) == "a JSON object for Broken"


def test_a_field_that_does_not_hold_what_it_declares_is_written_as_it_is() -> None:
    wrong: Any = {"a": dt.date(2026, 1, 31)}
    assert to_json(Point(wrong)) == {"x": {"a": "2026-01-31"}, "y": 0.5, "size": 1}


def test_a_named_tuple_is_read_from_an_object_or_an_array() -> None:
    assert from_text(Pair, '{"left": 1}', WORLD) == Pair(1)
    assert from_text(Pair, "[1, [2]]", WORLD) == Pair(1, [2])
    assert type(from_text(Pair, "[1]", WORLD)) is Pair
    assert to_json(Pair(1, [2])) == {"left": 1, "right": [2]}
    with pytest.raises(BadValue, match="3 items, but 2 fields"):
        from_text(Pair, "[1, [2], 3]", WORLD)
    with pytest.raises(BadValue, match=r"\.left: the field is missing"):
        from_text(Pair, "[]", WORLD)


def test_typed_dicts_know_which_keys_are_required() -> None:
    assert from_text(Options, '{"name": "a"}', WORLD) == {"name": "a"}
    assert from_text(Loose, '{"name": "a", "size": 3}', WORLD) == {"name": "a", "size": 3}
    for kind in (Options, Loose):
        with pytest.raises(BadValue, match=r"\.name: the field is missing"):
            from_text(kind, '{"size": 3}', WORLD)
        with pytest.raises(BadValue, match=r"did you mean 'size'"):
            from_text(kind, '{"name": "a", "sise": 3}', WORLD)
        with pytest.raises(BadValue, match=r"\.size: got"):
            from_text(kind, '{"name": "a", "size": "b"}', WORLD)


def test_describe_names_the_fields() -> None:
    assert describe(Point) == "a JSON object for Point, with x, y (optional), size (optional)"
    assert describe(Cart) == "a JSON object for Cart, with items"


def test_pydantic_models_are_validated_by_pydantic() -> None:
    text = '{"items": [{"name": "a", "price": 1, "when": "2026-01-31T09:30:00Z", "otherName": 5}]}'
    cart = from_text(Cart, text, WORLD)
    assert cart.items[0].when == dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)
    assert cart.items[0].alias == 5
    assert from_json(Cart, json.loads(json.dumps(to_json(cart))), WORLD) == cart
    with pytest.raises(BadValue) as caught:
        from_text(list[Cart], '[{"items": [{"price": -1}]}]', WORLD)
    said = caught.value.message
    assert "[0].items[0].name: Field required" in said
    assert "[0].items[0].price: got -1 (Input should be greater than 0)" in said


def test_a_pydantic_validator_of_the_user_may_raise_anything() -> None:
    class Angry(pydantic.BaseModel):
        x: int

        @pydantic.field_validator("x")
        @classmethod
        def refuse(cls, value: int) -> int:
            raise KeyError(value)

    with pytest.raises(BadValue, match="KeyError: 3"):
        from_json(Angry, {"x": 3}, WORLD)


def test_a_pydantic_model_inside_a_dataclass_and_with_nan() -> None:
    item = Item(name="a", price=float("inf"))
    written = to_json({"box": Box(item)})
    assert json.loads(json.dumps(written, allow_nan=False))["box"]["content"]["price"] == "Infinity"
    assert from_json(Box[Item], written["box"], WORLD) == Box(item)
