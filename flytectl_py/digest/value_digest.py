"""The canonical bytes of the values that a task is called with: equal inputs of equal types are one call."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from flytectl_py.digest.framing import Value, encode, encode_record

Other = Callable[[Any], "Value"]
"""Gives what stands for a value of any other type: of a file, or of an object. It may raise."""

_PLAIN = (type(None), bool, int, str, bytes)


def encode_value(value: Any, other: Other) -> bytes:
    """Return the canonical bytes of a Python value; values that differ in a type, all the way down, have others.

    Numbers and texts enter as they are, floats by their shortest spelling; lists and tuples by their items; dicts and
    sets whatever the order of theirs; enums, dataclasses, NamedTuples and pydantic models by class and fields; dates,
    times, paths, decimals and UUIDs by their text. A value that holds itself has no such bytes.

    :param other: asked for any other value, and first for what `other` itself claims by returning no None.
    :raises UsageError: text that is not valid Unicode. :raises RecursionError: it holds itself.
    """
    kind = type(value)
    if kind in _PLAIN:
        return encode(value)
    if kind is float:
        return encode_record("float", {"is": repr(value)})
    if kind is list:
        return encode_record("list", {"items": b"".join([encode_value(item, other) for item in value])})
    if kind is tuple:
        return encode_record("tuple", {"items": b"".join([encode_value(item, other) for item in value])})
    if kind is dict:
        return encode_record("dict", {"items": _pairs(value, other)})
    if kind in (set, frozenset):
        return encode_record(kind.__name__, {"items": sorted(encode_value(item, other) for item in value)})
    return _structured(value, kind, other)


def _structured(value: Any, kind: type, other: Other) -> bytes:
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, enum.Enum):
        return encode_record("enum", {"class": name, "is": value.name or repr(value.value)})
    if kind.__module__ in ("datetime", "decimal", "uuid", "pathlib", "pathlib._local"):
        # repr() of a datetime has its zone and its fold.
        return encode_record("text", {"class": kind.__qualname__, "is": repr(value)})
    claimed = other(value)
    if claimed is not None:
        return encode_record("other", {"class": name, "is": claimed})
    fields = _fields(value, kind)
    if fields is None:
        raise TypeError(f"a {name} has no canonical bytes")
    return encode_record("fields", {"class": name, "is": _pairs(fields, other)})


def _fields(value: Any, kind: type) -> Mapping[str, Any] | None:
    if dataclasses.is_dataclass(kind):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(kind)}
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return dict(zip(kind._fields, value, strict=False))
    if hasattr(kind, "model_fields") and hasattr(value, "__pydantic_fields_set__"):
        return {**vars(value), **(getattr(value, "__pydantic_extra__", None) or {})}
    return None


def is_structured(value: Any) -> bool:
    """Whether a value enters by its fields: a dataclass, a NamedTuple or a pydantic model."""
    return _fields(value, type(value)) is not None


def _pairs(items: Mapping[Any, Any], other: Other) -> bytes:
    encoded = [encode_value(key, other) + encode_value(value, other) for key, value in items.items()]
    return b"".join(sorted(encoded))
