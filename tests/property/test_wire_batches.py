"""Lists and maps that are written and read in batches are those that protobuf makes item by item."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from flyteidl2.core.literals_pb2 import Literal, LiteralCollection, LiteralMap, Primitive, Scalar
from hypothesis import given

from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire import batches
from flytectl_py.wire.literals import from_literal, to_literal

FIELDS: dict[Any, str] = {int: "integer", float: "float_value", str: "string_value", bool: "boolean"}
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(),
    str: st.text(),
    bool: st.booleans(),
}
KINDS = st.sampled_from(list(FIELDS))


def _item(kind: Any, value: Any) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(**{FIELDS[kind]: value})))


@given(st.data())
def test_a_list_is_written_and_read_as_item_by_item(data: st.DataObject) -> None:
    kind = data.draw(KINDS)
    values = data.draw(st.lists(VALUES[kind]))
    collection = LiteralCollection(literals=[_item(kind, each) for each in values])
    written = batches.write_list(kind, values)
    assert written is not None
    assert written.SerializeToString() == Literal(collection=collection).SerializeToString()
    assert repr(batches.read_list(kind, collection)) == repr(values)


@given(st.data())
def test_a_map_is_written_and_read_as_item_by_item(data: st.DataObject) -> None:
    kind = data.draw(KINDS)
    values = data.draw(st.dictionaries(st.text(), VALUES[kind]))
    literals = LiteralMap(literals={key: _item(kind, each) for key, each in values.items()})
    written = batches.write_map(kind, values)
    assert written is not None
    plain = Literal(map=literals)
    assert written.SerializeToString(deterministic=True) == plain.SerializeToString(deterministic=True)
    assert repr(batches.read_map(kind, literals.literals)) == repr(dict(sorted(values.items())))


ODD = [
    Literal(),
    Literal(scalar=Scalar()),
    Literal(scalar=Scalar(primitive=Primitive())),
    Literal(scalar=Scalar(primitive=Primitive(string_value="12345678"))),
    Literal(scalar=Scalar(primitive=Primitive(integer=2**62))),
    Literal(collection=LiteralCollection()),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("kind", [float, bool])
@pytest.mark.parametrize("at", [0, 3, 20])
def test_a_list_with_another_item_is_read_item_by_item(odd: Literal, kind: Any, at: int) -> None:
    items = [_item(kind, kind(n)) for n in range(20)]
    collection = LiteralCollection(literals=[*items[:at], odd, *items[at:]])
    assert batches.read_list(kind, collection) is None
    literal = Literal(collection=collection)
    if kind is float and odd == ODD[4]:  # an integer is a number too
        assert from_literal(list[float], literal)[at] == 2.0**62
        return
    with pytest.raises(BadValue, match=rf"^\[{at}\]: got "):
        from_literal(list[kind], literal)  # type: ignore[valid-type]


def test_an_item_with_a_hash_keeps_its_value() -> None:
    literal = to_literal(list[float], [1.0, 2.0])
    literal.collection.literals[0].hash = "abc"
    assert batches.read_list(float, literal.collection) is None
    assert from_literal(list[float], literal) == [1.0, 2.0]


@pytest.mark.parametrize(
    ("kind", "bad", "takes"),
    [
        (int, 2**63, "an integer of at most 64 bits"),
        (int, 1.0, "an integer"),
        (str, "\ud800", "text"),
        (float, "1", "a number"),
        (bool, 1, "a bool"),
    ],
)
def test_the_one_item_that_is_no_value_is_named(kind: Any, bad: Any, takes: str) -> None:
    good = [kind()] * 20
    with pytest.raises(BadValue, match=rf"^\[20\]: .*takes {takes}"):
        to_literal(list[kind], [*good, bad])  # type: ignore[valid-type]
    with pytest.raises(BadValue, match=rf"^\['k'\]: .*takes {takes}"):
        to_literal(dict[str, kind], {"a": kind(), "k": bad})  # type: ignore[valid-type]


def test_an_int_among_floats_is_a_float() -> None:
    literal = to_literal(list[float], [1.5, 2])
    assert from_literal(list[float], literal) == [1.5, 2.0]
    assert literal.collection.literals[1].scalar.primitive.WhichOneof("value") == "float_value"
