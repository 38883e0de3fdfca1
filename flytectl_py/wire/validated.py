"""Pydantic models to plain data and back, and their JSON schema; pydantic does it, an enum is spelled by name."""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from flytectl_py.errors import FlyteError
from flytectl_py.model.references import Fields, Placing
from flytectl_py.values.annotations import arms_of, origin_class, type_name, unwrap
from flytectl_py.values.badvalue import BadValue, Faults
from flytectl_py.wire.shown import shown_value

_Spell = Callable[[Any, Any], Any]


def dumped(annotation: Any, value: Any, reference: Fields) -> Any:
    """Return a model as plain data, by the names of its fields.

    :param reference: a File, Dir or DataFrame in it -> what stands for it.
    :raises BadValue: it is no such model, or one of its fields cannot be written.
    """
    if not isinstance(value, origin_class(annotation)):
        raise BadValue(shown_value(value), f"a {type_name(annotation)}")
    try:
        data = value.model_dump(mode="json", warnings="none", **_context(Placing(reference)))
    except Exception as error:
        # What a reference raised on its way to the store is what went wrong, not that pydantic met it.
        if isinstance(error.__cause__, BadValue | FlyteError):
            raise error.__cause__ from None
        raise BadValue(shown_value(value), f"a {type_name(annotation)}", detail=str(error)) from error
    return _respelled(type(value), data, _name_of)


def validated(annotation: Any, data: Any) -> Any:
    """Return the model that plain data stands for.

    :raises BadValue: the model refuses it; one fault for each of its fields.
    """
    validation_error = sys.modules["pydantic_core"].ValidationError
    try:
        # Fields come by name, also those that have an alias; JSON's rules, where a strict model takes a date as text.
        return annotation.model_validate_json(_json(_respelled(annotation, data, _value_of)), **_by_name())
    except validation_error as error:
        faults = Faults()
        for each in error.errors(include_url=False, include_context=False):
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"])
            got = "" if each["type"] == "missing" else shown_value(each["input"])
            faults.add(BadValue(got, "", detail=each["msg"], path=place))
        faults.raise_all()
    except Exception as error:
        # A validator of the user's may raise anything; pydantic passes on all but ValueError and AssertionError.
        detail = f"{type(error).__name__}: {error}"
        raise BadValue(shown_value(data), f"a {type_name(annotation)}", detail=detail) from error


def _json(data: Any) -> str:
    import json

    return json.dumps(data)


def _by_name() -> dict[str, bool]:
    """Return how to ask for fields by name. Older pydantic cannot, and reads a model with aliases by them."""
    return {"by_name": True, "by_alias": True} if _version() >= (2, 11) else {}


def _context(placing: Placing) -> dict[str, Any]:
    """Return how to give a dump its context. Older pydantic has none: references stay where they are."""
    return {"context": placing} if _version() >= (2, 7) else {}


def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in sys.modules["pydantic"].VERSION.split(".")[:2])


def schema_of(annotation: Any) -> dict[str, Any]:
    """Return the model's JSON schema."""
    import warnings

    from pydantic.json_schema import GenerateJsonSchema

    class ByName(GenerateJsonSchema):
        def enum_schema(self, schema: Any) -> Any:
            made = super().enum_schema(schema)
            made.pop("const", None)
            return {**made, "enum": [member.name for member in schema["members"]]}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # defaults that have no JSON form are left out
        schema: dict[str, Any] = annotation.model_json_schema(schema_generator=ByName)
    return schema


def _name_of(kind: Any, data: Any) -> Any:
    for member in kind.__members__.values():
        if type(member.value) is type(data) and member.value == data:
            return member.name
    return data


def _value_of(kind: Any, data: Any) -> Any:
    return kind[data].value if isinstance(data, str) and data in kind.__members__ else data


def _respelled(annotation: Any, data: Any, spell: _Spell) -> Any:
    """Return plain data of a model with its enums spelled anew; those inside dataclasses stay."""
    plain = unwrap(annotation)
    if isinstance(plain, enum.EnumMeta):
        return spell(plain, data)
    fields = getattr(origin_class(plain), "model_fields", None)
    if fields is not None:
        if set(fields) == {"root"}:
            return _respelled(fields["root"].annotation, data, spell)
        if not isinstance(data, dict):
            return data
        known = {name: field.annotation for name, field in fields.items()}
        known.update({field.alias: field.annotation for field in fields.values() if field.alias})
        return {name: _respelled(known.get(name, Any), each, spell) for name, each in data.items()}
    if isinstance(plain, types.UnionType) and spell is _name_of:
        return data  # as other clients have it: by name in Optional[X], by value in X | None
    for arm in arms_of(plain):
        if arm is not plain:
            data = _respelled(arm, data, spell)
    arguments = typing.get_args(plain)
    kind = typing.get_origin(plain)
    if isinstance(data, list) and isinstance(kind, type) and arguments:
        if issubclass(kind, tuple) and Ellipsis not in arguments:
            return [_respelled(item, each, spell) for item, each in zip(arguments, data, strict=False)]
        return [_respelled(arguments[0], each, spell) for each in data]
    if isinstance(data, dict) and kind is dict:
        return {
            _respelled(arguments[0], key, spell): _respelled(arguments[1], each, spell) for key, each in data.items()
        }
    return data
