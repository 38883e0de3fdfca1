"""Rows for inputs that take anything, and for types that have no text form."""

from __future__ import annotations

import operator
from typing import Any

from flytectl_py.values import jsontext
from flytectl_py.values.annotations import is_anything, origin_class, type_name
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

_REPR_LIMIT = 10_000


def _any_from_text(_annotation: Any, text: str, _conversion: Conversion) -> Any:
    """JSON where it is JSON; else the text."""
    try:
        return jsontext.parse(text)
    except jsontext.NotJsonError:
        return text


def _any_to_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    if isinstance(value, str) and _any_from_text(annotation, value, conversion) == value:
        return value
    return jsontext.dump(conversion.to_json(type(value), value))


def _any_to_json(_annotation: Any, value: Any, conversion: Conversion) -> Any:
    if type(value) is object:  # whose own row is this one
        return _other_to_json(object, value, conversion)
    plain, family = conversion.find(type(value))
    return family.to_json(plain, value, conversion)


ANYTHING = Family(
    matches=is_anything,
    takes="JSON, or any other text",
    metavar="VALUE",
    example=lambda _annotation, _conversion: "text",
    from_text=_any_from_text,
    from_json=lambda _annotation, data, _conversion: data,
    holds=lambda _annotation, _value, _conversion: True,
    to_json=_any_to_json,
    to_text=_any_to_text,
)


def _other_takes(annotation: Any, _conversion: Conversion) -> str:
    return f"a {type_name(annotation)}, which has no text form; set it in code or give it a default"


def _other_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    raise BadValue(shown(text), _other_takes(annotation, conversion))


def _other_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    raise BadValue(shown_json(data), _other_takes(annotation, conversion))


def _other_holds(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    kind = origin_class(annotation)
    try:
        return isinstance(value, kind)
    except TypeError:  # not a class: nobody can say
        return False


def _other_to_json(_annotation: Any, value: Any, _conversion: Conversion) -> Any:
    """An integer of another library as an integer; anything else as what it is called and says of itself."""
    try:
        return int(operator.index(value))
    except (TypeError, ValueError):
        kind = type(value)
        return {"type": f"{kind.__module__}.{kind.__qualname__}", "repr": _said(value)}


def _said(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  # a user's __repr__; the result of a run must be shown all the same
        return f"{object.__repr__(value)} (its repr failed: {error!r})"
    return text if len(text) <= _REPR_LIMIT else f"{text[:_REPR_LIMIT]}… ({len(text)} characters)"


OTHER = Family(
    matches=lambda _annotation: True,
    takes=_other_takes,
    metavar=lambda annotation, _conversion: type_name(annotation),
    example=lambda _annotation, _conversion: "",
    from_text=_other_from_text,
    from_json=_other_from_json,
    holds=_other_holds,
    to_json=_other_to_json,
)
