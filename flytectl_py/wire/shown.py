"""How literals and values stand in messages."""

from __future__ import annotations

from typing import Any

from flyteidl2.core.literals_pb2 import Literal

_SHOWN = 60


def shown_value(value: Any) -> str:
    """Return a value as it stands in a message: its repr, cut where it is long."""
    try:
        said = repr(value)
    except Exception as error:  # noqa: BLE001  # a user's __repr__; the message must be said all the same
        said = f"{object.__repr__(value)} (its repr failed: {type(error).__name__})"
    cut = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return f"{cut} of type {type(value).__name__}" if value is not None else cut


def shown_literal(literal: Literal) -> str:
    """Return what a literal holds, as it stands in a message: ``an integer, 3``, ``a list of 5``."""
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return f"a list of {len(literal.collection.literals)}"
    if kind == "map":
        return f"a map of {len(literal.map.literals)}"
    if kind != "scalar":
        return "a value in a store" if kind else "nothing"
    held = literal.scalar.WhichOneof("value")
    if held == "primitive":
        return _shown_primitive(literal.scalar.primitive)
    if held == "union":
        return shown_literal(literal.scalar.union.value)
    if held == "binary":
        return f"{len(literal.scalar.binary.value)} bytes of {literal.scalar.binary.tag or 'pickle'}"
    names = {"none_type": "None", "blob": "a file or folder", "structured_dataset": "a table", "generic": "a struct"}
    return names.get(held or "", f"a value of kind {held}")


def _shown_primitive(primitive: Any) -> str:
    field = primitive.WhichOneof("value")
    if field is None:
        return "nothing"
    value = getattr(primitive, field)
    said = repr(value) if isinstance(value, str | int | float) else value.ToJsonString()
    names = {"integer": "an integer", "float_value": "a number", "string_value": "text", "boolean": "a bool"}
    cut = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return f"{names.get(field, f'a {field}')}, {cut}"
