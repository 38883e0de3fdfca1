"""Rows for what travels as one primitive: numbers, text, bool, None, moments, durations, and choices by name."""

from __future__ import annotations

import enum
import operator
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flyteidl2.core.literals_pb2 import Literal, Primitive, Scalar, Void
from flyteidl2.core.types_pb2 import EnumType, LiteralType, SimpleType

from flytectl_py.errors import did_you_mean
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.choices import listed
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_literal, shown_value

if TYPE_CHECKING:
    from datetime import datetime

_LEAST, _MOST = -(2**63), 2**63 - 1
# What google.protobuf.Duration may hold: 10 000 years.
_LONGEST = 315_576_000_000


def _simple(kind: SimpleType) -> Callable[[Any, Transfer], LiteralType]:
    return lambda _annotation, _transfer: LiteralType(simple=kind)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda annotation: annotation is kind


def _field(literal: Literal, *names: str, takes: str) -> Any:
    """Return what the literal's primitive holds, if it is in one of the fields `names`."""
    if literal.WhichOneof("value") == "scalar" and literal.scalar.WhichOneof("value") == "primitive":
        primitive = literal.scalar.primitive
        held = primitive.WhichOneof("value")
        if held in names:
            return getattr(primitive, held)
    raise BadValue(shown_literal(literal), takes)


def write_bool(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    if not isinstance(value, bool):
        raise BadValue(shown_value(value), "a bool")
    return Literal(scalar=Scalar(primitive=Primitive(boolean=value)))


def integer(value: Any) -> int:
    """Return `value` as an integer that the wire can carry.

    :raises BadValue: it is none.
    """
    if type(value) is not int:
        try:
            value = int(operator.index(value))
        except TypeError:
            raise BadValue(shown_value(value), "an integer") from None
    if not _LEAST <= value <= _MOST:
        raise BadValue(shown_value(value), "an integer of at most 64 bits")
    return int(value)


def write_int(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(integer=integer(value))))


def number(value: Any) -> float:
    """Return `value`, a real number of any kind, as a float.

    :raises BadValue: it is none, or too large.
    """
    if type(value) is float:
        return value
    # numpy's numbers have __float__, and so have arrays and Decimal; text has not.
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        raise BadValue(shown_value(value), "a number")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValue(shown_value(value), "a number", detail=str(error)) from None


def write_float(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(float_value=number(value))))


def text(value: Any) -> str:
    """Return `value` as text that the wire can carry.

    :raises BadValue: it is no text, or not Unicode.
    """
    if not isinstance(value, str):
        raise BadValue(shown_value(value), "text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadValue(shown_value(value), "text", detail=f"not Unicode at character {error.start + 1}") from None
    return str.__str__(value)


def write_str(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(string_value=text(value))))


def write_none(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    if value is not None:
        raise BadValue(shown_value(value), "None")
    return Literal(scalar=Scalar(none_type=Void()))


def read_none(_annotation: Any, literal: Literal, _transfer: Transfer) -> None:
    if literal.WhichOneof("value") != "scalar" or literal.scalar.WhichOneof("value") != "none_type":
        raise BadValue(shown_literal(literal), "None")


NONE = Form(matches=_is(type(None)), tag="none", type_of=_simple(SimpleType.NONE), write=write_none, read=read_none)
BOOL = Form(
    matches=_is(bool),
    tag="bool",
    type_of=_simple(SimpleType.BOOLEAN),
    write=write_bool,
    read=lambda _annotation, literal, _transfer: _field(literal, "boolean", takes="a bool"),
)
INT = Form(
    matches=_is(int),
    tag="int",
    type_of=_simple(SimpleType.INTEGER),
    write=write_int,
    read=lambda _annotation, literal, _transfer: _field(literal, "integer", takes="an integer"),
)
FLOAT = Form(
    matches=_is(float),
    tag="float",
    type_of=_simple(SimpleType.FLOAT),
    write=write_float,
    read=lambda _annotation, literal, _transfer: float(_field(literal, "float_value", "integer", takes="a number")),
)
STR = Form(
    matches=_is(str),
    tag="str",
    type_of=_simple(SimpleType.STRING),
    write=write_str,
    read=lambda _annotation, literal, _transfer: _field(literal, "string_value", takes="text"),
)


def _stamp(moment: datetime) -> Literal:
    literal = Literal()
    literal.scalar.primitive.datetime.FromDatetime(moment)
    return literal


def _write_datetime(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    """A moment without a time zone counts as UTC."""
    from datetime import UTC, datetime

    if not isinstance(value, datetime):
        raise BadValue(shown_value(value), "a datetime")
    try:
        return _stamp(value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))
    except (ValueError, OverflowError) as error:  # the first and last day, in some time zones
        raise BadValue(shown_value(value), "a datetime", detail=str(error)) from None


def _read_moment(literal: Literal) -> datetime:
    from datetime import UTC

    stamp = _field(literal, "datetime", takes="a datetime")
    try:
        moment: datetime = stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadValue(shown_literal(literal), "a datetime", detail=str(error)) from None
    return moment


def _write_date(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    from datetime import UTC, date, datetime

    if not isinstance(value, date):
        raise BadValue(shown_value(value), "a date")
    return _stamp(datetime(value.year, value.month, value.day, tzinfo=UTC))


def _write_duration(_annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    from datetime import timedelta

    if not isinstance(value, timedelta):
        raise BadValue(shown_value(value), "a timedelta")
    if abs(value.total_seconds()) > _LONGEST:
        raise BadValue(shown_value(value), "a timedelta of at most 10 000 years")
    literal = Literal()
    literal.scalar.primitive.duration.FromTimedelta(value)
    return literal


def _named(module: str, name: str) -> Callable[[Any], bool]:
    return lambda annotation: (
        isinstance(annotation, type) and annotation.__module__ == module and annotation.__name__ == name
    )


DATETIME = Form(
    matches=_named("datetime", "datetime"),
    tag="datetime",
    type_of=_simple(SimpleType.DATETIME),
    write=_write_datetime,
    read=lambda _annotation, literal, _transfer: _read_moment(literal),
)
DATE = Form(
    matches=_named("datetime", "date"),
    tag="date",
    type_of=_simple(SimpleType.DATETIME),
    write=_write_date,
    read=lambda _annotation, literal, _transfer: _read_moment(literal).date(),
)
TIMEDELTA = Form(
    matches=_named("datetime", "timedelta"),
    tag="timedelta",
    type_of=_simple(SimpleType.DURATION),
    write=_write_duration,
    read=lambda _annotation, literal, _transfer: _field(literal, "duration", takes="a timedelta").ToTimedelta(),
)


def _write_enum(annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    if not isinstance(value, annotation):
        raise BadValue(shown_value(value), listed(list(annotation.__members__)))
    return Literal(scalar=Scalar(primitive=Primitive(string_value=value.name)))


def _read_enum(annotation: Any, literal: Literal, _transfer: Transfer) -> Any:
    """By name; by value where no member has that name."""
    names = list(annotation.__members__)
    given = _field(literal, "string_value", takes=listed(names))
    if given in annotation.__members__:
        return annotation[given]
    for member in annotation:
        if str(member.value) == given:
            return member
    raise BadValue(shown_literal(literal), listed(names), detail=did_you_mean(given, names))


ENUM = Form(
    matches=lambda annotation: isinstance(annotation, enum.EnumMeta) and not issubclass(annotation, enum.Flag),
    tag="DefaultEnumTransformer",
    type_of=lambda annotation, _transfer: LiteralType(enum_type=EnumType(values=list(annotation.__members__))),
    write=_write_enum,
    read=_read_enum,
)


def is_choice(annotation: Any) -> bool:
    """Whether it is a ``Literal`` of nothing but text, which has a type of its own as the whole of an input."""
    if typing.get_origin(annotation) is not typing.Literal:
        return False
    return all(type(each) is str for each in typing.get_args(annotation))


def _write_choice(annotation: Any, value: Any, _transfer: Transfer) -> Literal:
    texts = typing.get_args(annotation)
    if value not in texts:
        hint = did_you_mean(value, texts) if isinstance(value, str) else ""
        raise BadValue(shown_value(value), listed(list(texts)), detail=hint)
    return Literal(scalar=Scalar(primitive=Primitive(string_value=value)))


def _read_choice(annotation: Any, literal: Literal, _transfer: Transfer) -> str:
    """In other letters too, if that is unique: some clients send a name that they make of the text."""
    texts = list(typing.get_args(annotation))
    given: str = _field(literal, "string_value", takes=listed(texts))
    if given in texts:
        return given
    alike = [each for each in texts if _letters(each) == _letters(given)]
    if len(alike) == 1:
        return str(alike[0])
    raise BadValue(shown_literal(literal), listed(texts), detail=did_you_mean(given, texts))


def _letters(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


CHOICE = Form(
    matches=is_choice,
    tag="DefaultEnumTransformer",
    type_of=lambda annotation, _transfer: LiteralType(enum_type=EnumType(values=list(typing.get_args(annotation)))),
    write=_write_choice,
    read=_read_choice,
)
