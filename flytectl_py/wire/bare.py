"""Literals to values where no annotation says which."""

from __future__ import annotations

from typing import Any

from flyteidl2.core.literals_pb2 import Literal

from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.shown import shown_literal


def bare_value(literal: Literal) -> Any:
    """Return what a literal stands for by itself: a number, text, a datetime, a list, a dict with text for keys …

    :raises BadValue: it stands for nothing without an annotation, such as a file or a pickle.
    """
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return [bare_value(each) for each in literal.collection.literals]
    if kind == "map":
        return {name: bare_value(each) for name, each in sorted(literal.map.literals.items())}
    held = literal.scalar.WhichOneof("value") if kind == "scalar" else None
    if held == "union":
        return bare_value(literal.scalar.union.value)
    if held == "none_type":
        return None
    if held == "primitive":
        return _primitive(literal.scalar.primitive)
    if held == "binary" and literal.scalar.binary.tag == "msgpack":
        import msgpack

        return msgpack.unpackb(literal.scalar.binary.value, strict_map_key=False)
    if held == "generic":
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(literal.scalar.generic)
    raise BadValue(shown_literal(literal), "a value that can be read without an annotation")


def _primitive(primitive: Any) -> Any:
    field = primitive.WhichOneof("value")
    if field == "datetime":
        from datetime import UTC

        return primitive.datetime.ToDatetime(tzinfo=UTC)
    if field == "duration":
        return primitive.duration.ToTimedelta()
    return getattr(primitive, field) if field else None
