"""Row for pydantic models (version 2): pydantic itself reads and writes them. It is never imported for their sake."""

from __future__ import annotations

import json
import sys
from typing import Any

from flytectl_py.values.annotations import origin_class, type_name
from flytectl_py.values.badvalue import BadValue, Faults, shown_json
from flytectl_py.values.conversion import Conversion, Family


def _matches(annotation: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    # pydantic.BaseModel imports a good part of pydantic when first asked for; who has a model has it already.
    models = sys.modules.get("pydantic.main")
    kind = origin_class(annotation)
    if pydantic is None or models is None or not isinstance(kind, type):
        return False
    return issubclass(kind, models.BaseModel)


def _required(annotation: Any) -> dict[str, Any]:
    return {field.alias or name: field for name, field in annotation.model_fields.items() if field.is_required()}


def _takes(annotation: Any, _conversion: Conversion) -> str:
    required = _required(annotation)
    names = [
        name if name in required else f"{name} (optional)"
        for name in (field.alias or name for name, field in annotation.model_fields.items())
    ]
    return f"a JSON object for {type_name(annotation)}, with {', '.join(names) or 'no fields'}"


def _example(annotation: Any, conversion: Conversion) -> Any:
    if conversion.too_deep:
        return {}
    fields = {name: conversion.example(field.annotation) for name, field in _required(annotation).items()}
    return fields["root"] if set(fields) == {"root"} else fields


def _from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    """As pydantic reads JSON, where a strict model still takes a datetime as text."""
    validation_error = sys.modules["pydantic_core"].ValidationError
    try:
        return annotation.model_validate_json(json.dumps(data))
    except validation_error as error:
        faults = Faults()
        for each in error.errors(include_url=False, include_context=False):
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"])
            got = "" if each["type"] == "missing" else shown_json(each["input"])
            faults.add(BadValue(got, "" if place else conversion.takes(annotation), detail=each["msg"], path=place))
        faults.raise_all()
    except Exception as error:
        # A validator of the user's may raise anything; pydantic passes on all but ValueError and AssertionError.
        detail = f"{type(error).__name__}: {error}"
        raise BadValue(shown_json(data), conversion.takes(annotation), detail=detail) from error


def _to_json(_annotation: Any, value: Any, conversion: Conversion) -> Any:
    """As pydantic dumps it, by alias, since that is what it reads; NaN and the like in our way."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fields of another type than declared are written as what they are
        try:
            dumped = value.model_dump(mode="json", by_alias=True)
        except Exception:  # noqa: BLE001  # a field that pydantic cannot write, or a serializer of the user's
            dumped = {name: getattr(value, name, None) for name in type(value).model_fields}
    return conversion.to_json(Any, dumped)


PYDANTIC = Family(
    matches=_matches,
    takes=_takes,
    metavar="JSON",
    example=_example,
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_from_json,
    holds=lambda annotation, value, _conversion: type(value) is annotation,
    to_json=_to_json,
)
