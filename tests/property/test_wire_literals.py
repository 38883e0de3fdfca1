"""Values of every family come back from the wire as they were."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import typing
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NotRequired, TypedDict

import hypothesis.strategies as st
import msgpack
from flyteidl2.core.literals_pb2 import Literal
from hypothesis import given, settings
from pydantic import BaseModel

from flytectl_py.values.choices import same
from flytectl_py.wire.guessed import plain_value
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.types import literal_type


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Leaf:
    a: int
    raw: bytes = b""
    kids: list[Leaf] = field(default_factory=list)


class Pair(NamedTuple):
    left: int
    right: str | None = None


class Row(TypedDict):
    a: int
    b: NotRequired[float]


class Model(BaseModel):
    name: str
    colors: list[Color] = []
    level: Level | None = None


INT = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats()
# Moments that UTC can say: the first and last day of all time cannot be in every zone.
WHEN = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=st.just(dt.UTC))
# A duration in a dataclass is a float of seconds: exact for 142 years.
LASTS = st.timedeltas(dt.timedelta(days=-51_000), dt.timedelta(days=51_000))
PLAIN: Any = st.recursive(
    st.none() | st.booleans() | INT | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | INT, inner),
    max_leaves=10,
)

LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    int: INT,
    float: FLOAT,
    str: st.text(),
    bool: st.booleans(),
    type(None): st.none(),
    bytes: st.binary(),
    dt.datetime: WHEN,
    dt.date: st.dates(),
    dt.time: st.times(),
    dt.timedelta: LASTS,
    uuid.UUID: st.uuids(),
    decimal.Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    Color: st.sampled_from(Color),
    Level: st.sampled_from(Level),
    typing.Literal["a", "b c"]: st.sampled_from(["a", "b c"]),
    typing.Literal[1, "1", None]: st.sampled_from([1, "1", None]),
    dict: st.dictionaries(st.text() | INT, PLAIN),
    Leaf: st.recursive(
        st.builds(Leaf, INT, st.binary(), st.just([])), lambda kids: st.builds(Leaf, INT, st.binary(), st.lists(kids))
    ),
    Pair: st.builds(Pair, INT, st.none() | st.text()),
    Row: st.builds(lambda a: {"a": a}, INT) | st.builds(lambda a, b: {"a": a, "b": b}, INT, FLOAT),
    Model: st.builds(
        Model, name=st.text(), colors=st.lists(st.sampled_from(Color)), level=st.none() | st.sampled_from(Level)
    ),
}
KEYS = (str, int, dt.date, uuid.UUID, Color)

Typed = tuple[Any, st.SearchStrategy[Any]]


def _grown(part: Typed) -> st.SearchStrategy[Typed]:
    """Return types of which `part` is an item."""
    annotation, values = part
    shapes: list[Typed] = [
        (list[annotation], st.lists(values, max_size=4)),  # type: ignore[valid-type]
        (dict[str, annotation], st.dictionaries(st.text(), values, max_size=4)),  # type: ignore[valid-type]
        (tuple[annotation, ...], st.lists(values, max_size=4).map(tuple)),  # type: ignore[valid-type]
        (tuple[annotation, int], st.tuples(values, INT)),  # type: ignore[valid-type]
        (typing.Optional[annotation], st.none() | values),  # noqa: UP045
    ]
    shapes += [(dict[key, annotation], st.dictionaries(LEAVES[key], values, max_size=4)) for key in KEYS[1:]]  # type: ignore[misc, valid-type]
    holder = dataclasses.make_dataclass("Holder", [("value", annotation)])
    holder.__module__ = __name__
    shapes.append((holder, st.builds(holder, values)))
    return st.sampled_from(shapes)


TYPES: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(list(LEAVES.items())), lambda inner: inner.flatmap(_grown), max_leaves=3
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_values_of_every_type_come_back(data: st.DataObject) -> None:
    annotation, values = data.draw(TYPES)
    value = data.draw(values)
    literal = to_literal(annotation, value)
    again = Literal.FromString(literal.SerializeToString())
    assert _same(from_literal(annotation, again), value)
    literal_type(annotation).SerializeToString()
    json.dumps(plain_value(again, literal_type(annotation)), allow_nan=False)


def _same(left: Any, right: Any) -> bool:
    """Whether two values are alike; NaN is like NaN."""
    if dataclasses.is_dataclass(left) and type(left) is type(right):
        names = [each.name for each in dataclasses.fields(left)]
        return all(_same(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, list | tuple) and type(left) is type(right):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(each, right[key]) for key, each in left.items())
    return same(left, right)


@given(st.dictionaries(st.text() | INT, PLAIN))
def test_an_untyped_dict_is_its_own_msgpack(value: dict[Any, Any]) -> None:
    literal = to_literal(dict, value)
    assert msgpack.unpackb(literal.scalar.binary.value, strict_map_key=False) == value


@given(st.sets(st.integers() | st.text()), st.randoms(use_true_random=False))
def test_equal_sets_have_one_hash(values: set[Any], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    first, second = to_literal(set, values), to_literal(set, set(shuffled))
    assert first.hash == second.hash != ""
    assert from_literal(set, first) == values
