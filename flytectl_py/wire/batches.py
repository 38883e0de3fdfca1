"""Long lists and maps of one primitive type, many times faster than one literal after the other.

A list of floats is made of the bytes that protobuf itself would write: every item has the same length and differs in
eight bytes only, so that the numbers are put into a template, and taken out of it, column by column.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from flyteidl2.core.literals_pb2 import Literal, LiteralCollection, Primitive, Scalar

_FIELDS: dict[Any, str] = {int: "integer", float: "float_value", str: "string_value", bool: "boolean"}
_DOUBLE = 8
_ITEM = LiteralCollection(
    literals=[Literal(scalar=Scalar(primitive=Primitive(float_value=0.0)))],
).SerializeToString()
_HEAD = len(_ITEM) - _DOUBLE


def write_list(kind: Any, values: Sequence[Any]) -> Literal | None:
    """Return the literal of a list of `kind`, or None where it must be written item by item."""
    if kind not in _FIELDS or not set(map(type, values)) <= {kind}:
        return None
    written = Literal()
    written.collection.SetInParent()
    if kind is float:
        written.collection.MergeFromString(_floats(values))
        return written
    add = written.collection.literals.add
    field = _FIELDS[kind]
    try:
        for value in values:
            setattr(add().scalar.primitive, field, value)
    except ValueError:  # an integer of more than 64 bits, or text that is not Unicode
        return None
    return written


def _floats(values: Sequence[float]) -> bytes:
    """Return the bytes of a collection of floats."""
    count = len(values)
    written = bytearray(_ITEM * count)
    numbers = struct.pack(f"<{count}d", *values)
    for column in range(_DOUBLE):
        written[_HEAD + column :: len(_ITEM)] = numbers[column::_DOUBLE]
    return bytes(written)


def read_list(kind: Any, collection: LiteralCollection) -> list[Any] | None:
    """Return the values of a list of `kind`, or None where it must be read item by item."""
    field = _FIELDS.get(kind)
    if field is None:
        return None
    if kind is float:
        return _read_floats(collection)
    values = []
    for literal in collection.literals:
        primitive = literal.scalar.primitive
        if primitive.WhichOneof("value") != field:
            return None
        values.append(getattr(primitive, field))
    return values


def _read_floats(collection: LiteralCollection) -> list[float] | None:
    """Return the numbers, if every item is a float and nothing else."""
    written = collection.SerializeToString()
    count = len(collection.literals)
    if len(written) != count * len(_ITEM):
        return None
    for column in range(_HEAD):
        if written[column :: len(_ITEM)] != _ITEM[column : column + 1] * count:
            return None
    numbers = bytearray(_DOUBLE * count)
    for column in range(_DOUBLE):
        numbers[column::_DOUBLE] = written[_HEAD + column :: len(_ITEM)]
    return list(struct.unpack(f"<{count}d", numbers))


def write_map(kind: Any, values: Mapping[Any, Any]) -> Literal | None:
    """Return the literal of a dict of `kind`, or None where it must be written item by item."""
    field = _FIELDS.get(kind)
    if field is None or not set(map(type, values.values())) <= {kind} or not set(map(type, values)) <= {str}:
        return None
    written = Literal()
    written.map.SetInParent()
    literals = written.map.literals
    try:
        for key, value in values.items():
            setattr(literals[key].scalar.primitive, field, value)
    except ValueError:  # an integer of more than 64 bits, or text that is not Unicode
        return None
    return written


def read_map(kind: Any, literals: Mapping[str, Literal]) -> dict[str, Any] | None:
    """Return the values of a dict of `kind`, by name, or None where it must be read item by item."""
    field = _FIELDS.get(kind)
    if field is None:
        return None
    values = {}
    for key in sorted(literals):
        primitive = literals[key].scalar.primitive
        if primitive.WhichOneof("value") != field:
            return None
        values[key] = getattr(primitive, field)
    return values
