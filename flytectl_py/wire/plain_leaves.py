"""The smallest parts of structures to plain data: numbers, text, bytes, moments, choices, and values of any type."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

from flytectl_py.values.annotations import origin_class
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.convert import describe
from flytectl_py.values.durations import TIMEDELTA
from flytectl_py.wire.scalars import text
from flytectl_py.wire.shown import shown_value

if TYPE_CHECKING:
    from flytectl_py.wire.plain_writing import Writing

LEAST, MOST = -(2**63), 2**64 - 1  # what msgpack holds


def bad(annotation: Any, value: Any) -> BadValue:
    return BadValue(shown_value(value), describe(annotation))


def integer(annotation: Any, value: Any, _writing: Writing) -> int:
    try:
        number = int(value.__index__())
    except AttributeError:
        raise bad(annotation, value) from None
    if not LEAST <= number <= MOST:
        raise BadValue(shown_value(value), "an integer of at most 64 bits")
    return number


def number(annotation: Any, value: Any, writing: Writing) -> float | int:
    if isinstance(value, int) and not writing.style.json:
        return integer(annotation, value, writing)
    if isinstance(value, str | bytes) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise bad(annotation, value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValue(shown_value(value), describe(annotation), detail=str(error)) from None


def plain_text(_annotation: Any, value: Any, _writing: Writing) -> str:
    return text(value)


def boolean(annotation: Any, value: Any, _writing: Writing) -> bool:
    if not isinstance(value, bool):
        raise bad(annotation, value)
    return value


def nothing(annotation: Any, value: Any, _writing: Writing) -> None:
    if value is not None:
        raise bad(annotation, value)


def raw(annotation: Any, value: Any, writing: Writing) -> bytes | str:
    """As they are; where JSON is asked for, as text, if they are text."""
    if not isinstance(value, bytes | bytearray):
        raise bad(annotation, value)
    if writing.style.json:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return bytes(value)
    return bytes(value)


def choice(annotation: Any, value: Any, writing: Writing) -> Any:
    if not isinstance(value, annotation):
        raise bad(annotation, value)
    if writing.style.names and value.name is not None:
        return value.name
    return anything(value.value)


def literal(annotation: Any, value: Any, writing: Writing) -> Any:
    for each in typing.get_args(annotation):
        if type(each) is type(value) and each == value:
            return writing.by_value().write(type(value), value)
    raise bad(annotation, value)


def moment(annotation: Any, value: Any, writing: Writing) -> str:
    if not isinstance(value, origin_class(annotation)):
        raise bad(annotation, value)
    said = str(value.isoformat())
    return f"{said[:-6]}Z" if writing.style.json and said.endswith("+00:00") else said


def duration(annotation: Any, value: Any, writing: Writing) -> Any:
    if not isinstance(value, annotation):
        raise bad(annotation, value)
    if not writing.style.json:
        return value.total_seconds()
    sign, size = ("-", -value) if value.days < 0 else ("", value)
    years, days = divmod(size.days, 365)  # a year has 365 days, as it has for pydantic
    # What writes a timedelta asks nothing of a conversion.
    clock = str(TIMEDELTA.to_json(annotation, size - annotation(days=size.days), _NO_CONVERSION)).removeprefix("P")
    date = (f"{years}Y" if years else "") + (f"{days}D" if days else "")
    return f"{sign}P{date}{'' if date and clock == 'T0S' else clock}"


_NO_CONVERSION: Any = None


def as_text(annotation: Any, value: Any, _writing: Writing) -> str:
    if not isinstance(value, origin_class(annotation)):
        raise bad(annotation, value)
    return str(value)


def any_value(_annotation: Any, value: Any, _writing: Writing) -> Any:
    return anything(value)


def anything(value: Any) -> Any:
    """Return plain data as it is.

    :raises BadValue: it is not plain; its `path` says where inside.
    """
    if value is None or isinstance(value, bool | int | float | str | bytes | bytearray):
        if isinstance(value, int) and not LEAST <= value <= MOST:
            raise BadValue(shown_value(value), "an integer of at most 64 bits")
        return text(value) if isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return [_anything_inside(f"[{at}]", each) for at, each in enumerate(value)]
    if isinstance(value, dict):
        return {
            _anything_inside(f"[{key!r}] (key)", key): _anything_inside(f"[{key!r}]", each)
            for key, each in value.items()
        }
    raise BadValue(shown_value(value), "numbers, text, bytes, lists and dicts where no annotation says what a value is")


def _anything_inside(path: str, value: Any) -> Any:
    try:
        return anything(value)
    except BadValue as bad:
        raise bad.inside(path) from None
