"""Rows for Enum (also Flag) and Literal: one of a few values."""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Mapping
from typing import Any

from flytectl_py.errors import did_you_mean
from flytectl_py.values import jsontext
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

FEW = 12


def listed(names: list[str]) -> str:
    """Return ``a, b or c``, cut where there are many."""
    if len(names) > FEW:
        return f"one of {', '.join(names[:FEW])} … ({len(names)} in all)"
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of one type, all the way down; NaN is the same as NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, float) and left != left:  # noqa: PLR0124  # NaN
        return bool(right != right)  # noqa: PLR0124
    return bool(left == right)


def _enum_takes(annotation: Any, _conversion: Conversion) -> str:
    return listed(list(annotation.__members__)) or f"nothing: {annotation.__name__} has no members"


def _enum_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    """By name, else by value, else by name in other letters, if that is unique."""
    stripped = text.strip()
    members = annotation.__members__
    if stripped in members:
        return members[stripped]
    for member in members.values():
        if str(member.value) == stripped:
            return member
    if issubclass(annotation, enum.Flag) and "|" in stripped:
        return _flags(annotation, stripped)
    if issubclass(annotation, enum.Flag) and re.fullmatch("[0-9]{1,20}", stripped):
        return _flag_of_number(annotation, int(stripped))
    alike = {member for name, member in members.items() if name.lower() == stripped.lower()}
    if len(alike) == 1:
        return alike.pop()
    known = [*members, *(str(member.value) for member in members.values())]
    raise BadValue(shown(text), listed(list(members)), detail=did_you_mean(stripped, known))


def values_besides_names(annotation: Any) -> list[str]:
    """Return the values by which members of an enumeration, or of ``X | None``, may be given besides their names."""
    arms = [each for each in typing.get_args(annotation) if each is not type(None)] or [annotation]
    if len(arms) > 1 or not isinstance(arms[0], enum.EnumMeta):
        return []
    members: Mapping[str, Any] = arms[0].__members__
    return [str(member.value) for member in members.values() if str(member.value) not in members]


def _flags(annotation: Any, text: str) -> Any:
    value = annotation(0)
    for name in text.split("|"):
        if name.strip() not in annotation.__members__:
            detail = did_you_mean(name.strip(), annotation.__members__)
            raise BadValue(shown(text), f"{listed(list(annotation.__members__))}, joined by |", detail=detail)
        value |= annotation[name.strip()]
    return value


def _enum_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    for member in annotation.__members__.values():
        if same(member.value, data) and data not in annotation.__members__:
            return member
    if isinstance(data, str):
        return _enum_from_text(annotation, data, conversion)
    if issubclass(annotation, enum.Flag) and isinstance(data, int) and not isinstance(data, bool):
        return _flag_of_number(annotation, data)
    raise BadValue(shown_json(data), _enum_takes(annotation, conversion))


def _flag_of_number(annotation: Any, number: int) -> Any:
    try:
        return annotation(number)
    except ValueError as error:
        raise BadValue(str(number), listed(list(annotation.__members__)), detail=str(error)) from None


def _enum_to_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    data = _enum_to_json(annotation, value, conversion)
    return data if isinstance(data, str) else jsontext.dump(data)


def _enum_to_json(_annotation: Any, value: Any, _conversion: Conversion) -> Any:
    if isinstance(value, enum.Flag) and value.name not in type(value).__members__:
        names = [member.name for member in type(value) if member in value and member.name is not None]
        return "|".join(names) if names else int(value.value)
    return value.name


ENUM = Family(
    matches=lambda annotation: isinstance(annotation, enum.EnumMeta),
    takes=_enum_takes,
    metavar=lambda annotation, _conversion: "|".join(annotation.__members__),
    example=lambda annotation, _conversion: next(iter(annotation.__members__), ""),
    from_text=_enum_from_text,
    from_json=_enum_from_json,
    holds=lambda annotation, value, _conversion: isinstance(value, annotation),
    to_json=_enum_to_json,
    to_text=_enum_to_text,
    choices=lambda annotation, _conversion: list(annotation.__members__),
)


def _values(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation)


def _spelled(value: Any, conversion: Conversion) -> str:
    return conversion.to_text(type(value), value)


def _literal_texts(annotation: Any, conversion: Conversion) -> list[str]:
    """Each value as it is typed: text as it is, unless that would be read as another of the values."""
    return [_literal_to_text(annotation, value, conversion) for value in _values(annotation)]


def _literal_takes(annotation: Any, conversion: Conversion) -> str:
    return listed(_literal_texts(annotation, conversion))


def _literal_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    """JSON of exactly a value wins, then a value's plain text, then any other text that its type reads."""
    stripped = text.strip()
    values = _values(annotation)
    try:
        data = jsontext.parse(stripped)
    except jsontext.NotJsonError:
        data = _Nothing
    for value in values:
        if same(value, data):
            return value
    for value in values:
        if isinstance(value, str) and not isinstance(value, enum.Enum) and text == value:
            return value
    for value in values:
        if not isinstance(value, str) or isinstance(value, enum.Enum):
            try:
                read = conversion.from_text(type(value), stripped)
            except BadValue:
                continue
            if same(read, value):
                return value
    texts = _literal_texts(annotation, conversion)
    raise BadValue(shown(text), listed(texts), detail=did_you_mean(stripped, texts))


class _Nothing:
    """No JSON value."""


def _literal_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    values = _values(annotation)
    for value in values:
        if same(value, data):
            return value
    for value in values:
        if isinstance(value, bytes | enum.Enum) or type(data) is str:
            try:
                read = conversion.from_json(type(value), data)
            except BadValue:
                continue
            if same(read, value):
                return value
    texts = _literal_texts(annotation, conversion)
    detail = did_you_mean(data, texts) if isinstance(data, str) else ""
    raise BadValue(shown_json(data), listed(texts), detail=detail)


def _literal_to_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    plain = _spelled(value, conversion)
    if not isinstance(value, str) or isinstance(value, enum.Enum):
        return plain
    others = (each for each in _values(annotation) if not same(each, value))
    taken = value.startswith('"') or any(_reads(each, plain, conversion) for each in others)
    return jsontext.dump(plain) if taken else plain


def _reads(value: Any, text: str, conversion: Conversion) -> bool:
    try:
        return same(conversion.from_text(type(value), text), value)
    except BadValue:
        return False


LITERAL = Family(
    matches=lambda annotation: typing.get_origin(annotation) is typing.Literal,
    takes=_literal_takes,
    metavar=lambda annotation, conversion: "|".join(_literal_texts(annotation, conversion)),
    example=lambda annotation, conversion: conversion.to_json(type(_values(annotation)[0]), _values(annotation)[0]),
    from_text=_literal_from_text,
    from_json=_literal_from_json,
    holds=lambda annotation, value, _conversion: any(same(value, each) for each in _values(annotation)),
    to_json=lambda _annotation, value, conversion: conversion.to_json(type(value), value),
    to_text=_literal_to_text,
    choices=_literal_texts,
)
