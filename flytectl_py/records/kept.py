"""What a record keeps of a value: its JSON, where that is of a reasonable size."""

from __future__ import annotations

from typing import Any

MOST_ITEMS = 1000
MOST_CHARACTERS = 20_000
"""Of one value, with all that it holds. Records are for finding one's way; data lives in files."""

_CONTAINERS = (list, tuple, dict, set, frozenset)


def kept(value: Any, annotation: Any = None, folder: str = "") -> Any:
    """Return `value` as data for JSON, or what it is where it is too large.

    :param annotation: its type, where that is needed to read it back; None takes the value's own.
    :param folder: what relative paths of files are below, so that they name the same file from everywhere.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int and -(2**53) <= value <= 2**53:
        return value
    if kind is str and len(value) <= MOST_CHARACTERS:
        return value
    if _measure(value, MOST_ITEMS) < 0:
        return _omitted(value)
    from flytectl_py.values.convert import to_json

    return to_json(value, annotation, folder)


def is_whole(data: Any) -> bool:
    """Whether `data` is all of a value, so that the value can be made of it again."""
    if isinstance(data, dict):
        if data.keys() == {"type", "repr"} and isinstance(data["type"], str):
            return False
        return all(map(is_whole, data.values()))
    return all(map(is_whole, data)) if isinstance(data, list) else True


def _omitted(value: Any) -> dict[str, str]:
    kind = type(value)
    length = f"{len(value)} items, " if isinstance(value, _CONTAINERS) else ""
    if isinstance(value, str | bytes | bytearray):
        length = f"{len(value)} {'characters' if isinstance(value, str) else 'bytes'}, "
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "repr": f"… ({length}too large for a record)"}


def _measure(value: Any, left: int) -> int:
    """Return how many items may still follow `value`; below 0 it is too large, or nested without end."""
    if isinstance(value, str | bytes | bytearray):
        return left - 1 if len(value) <= MOST_CHARACTERS else -1
    if not isinstance(value, _CONTAINERS):
        fields = getattr(value, "__dict__", None) if hasattr(type(value), "__dataclass_fields__") else None
        return left - 1 if not fields else _measure(fields, left)
    left -= 1 + len(value)
    items = [*value.keys(), *value.values()] if isinstance(value, dict) and left >= 0 else value
    for each in items if left >= 0 else ():
        left = left if type(each) in (int, float, bool) else _measure(each, left)
        if left < 0:
            break
    return left
