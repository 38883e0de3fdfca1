"""Rows for types with named fields: dataclasses, NamedTuples and TypedDicts; all of them JSON objects."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import Any

from flytectl_py.errors import did_you_mean
from flytectl_py.values.annotations import origin_class, substitute, type_name
from flytectl_py.values.badvalue import BadValue, Faults, shown_json
from flytectl_py.values.choices import same
from flytectl_py.values.conversion import Conversion, Family


class Slot:
    """A field of a structure. One that is `computed` is written, and read only to be checked."""

    __slots__ = ("annotation", "computed", "name", "required")

    def __init__(self, name: str, annotation: Any, *, required: bool, computed: bool = False) -> None:
        self.name = name
        self.annotation = annotation
        self.required = required
        self.computed = computed


def hints_of(annotation: Any) -> dict[str, Any]:
    """Return the annotations of a structure's fields, with the variables of a generic class replaced.

    :raises BadValue: they cannot be resolved.
    """
    kind = origin_class(annotation)
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except Exception as error:
        raise BadValue(
            "",
            "",
            detail=f"annotations of {kind.__name__} cannot be resolved: {error}; import their names at module level",
        ) from error
    values = dict(zip(getattr(kind, "__parameters__", ()), typing.get_args(annotation), strict=False))
    return {name: substitute(hint, values) for name, hint in hints.items()} if values else hints


def _dataclass_slots(annotation: Any) -> list[Slot]:
    """Return the fields, and the variables that only go to ``__post_init__``."""
    kind, hints = origin_class(annotation), hints_of(annotation)
    slots = []
    for field in dataclasses.fields(kind):
        bare = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        hint = hints.get(field.name, Any)
        slots.append(Slot(field.name, hint, required=bare and field.init, computed=not field.init))
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar):
            slots.append(Slot(name, hint, required=not hasattr(kind, name)))
    return slots


def _named_tuple_slots(annotation: Any) -> list[Slot]:
    kind = origin_class(annotation)
    hints = hints_of(annotation)
    return [Slot(name, hints.get(name, Any), required=name not in kind._field_defaults) for name in kind._fields]


def _typed_dict_slots(annotation: Any) -> list[Slot]:
    kind = origin_class(annotation)
    slots = []
    for name, hint in hints_of(annotation).items():
        # __required_keys__ misses a NotRequired in an annotation that is a string.
        marks = _marks(hint)
        required = name in kind.__required_keys__ if not marks else typing.Required in marks
        slots.append(Slot(name, hint, required=required))
    return slots


def slots_of(annotation: Any) -> list[Slot]:
    """Return the fields of a dataclass, NamedTuple or TypedDict.

    :raises BadValue: their annotations cannot be resolved.
    """
    kind = origin_class(annotation)
    if dataclasses.is_dataclass(kind):
        return _dataclass_slots(annotation)
    return _named_tuple_slots(annotation) if hasattr(kind, "_fields") else _typed_dict_slots(annotation)


def required_keys(annotation: Any) -> list[str]:
    """Return the fields that a TypedDict must have, in order."""
    return [slot.name for slot in _typed_dict_slots(annotation) if slot.required]


def _marks(hint: Any) -> set[Any]:
    marks = set()
    while typing.get_origin(hint) is not None:
        origin = typing.get_origin(hint)
        if origin in (typing.Required, typing.NotRequired):
            marks.add(origin)
        elif origin is not typing.Annotated and getattr(origin, "_name", "") != "ReadOnly":
            break
        hint = hint.__origin__ if origin is typing.Annotated else typing.get_args(hint)[0]
    return marks


def _takes(slots_of: Callable[[Any], list[Slot]]) -> Callable[[Any, Conversion], str]:
    def takes(annotation: Any, conversion: Conversion) -> str:
        try:
            slots = conversion.once(slots_of, annotation)
        except BadValue:
            return f"a JSON object for {type_name(annotation)}"
        names = [slot.name if slot.required else f"{slot.name} (optional)" for slot in slots if not slot.computed]
        fields = f"with {', '.join(names)}" if names else "without any fields"
        return f"a JSON object for {type_name(annotation)}, {fields}"

    return takes


def _example(slots_of: Callable[[Any], list[Slot]]) -> Callable[[Any, Conversion], Any]:
    def example(annotation: Any, conversion: Conversion) -> Any:
        if conversion.too_deep:
            return {}
        try:
            slots = conversion.once(slots_of, annotation)
        except BadValue:
            return {}
        return {slot.name: conversion.example(slot.annotation) for slot in slots if slot.required} or {
            slot.name: conversion.example(slot.annotation) for slot in slots[:1] if not slot.computed
        }

    return example


def _read(annotation: Any, slots: list[Slot], data: Any, conversion: Conversion) -> dict[str, Any]:
    """Return the fields' values; every fault is said at once."""
    if not isinstance(data, dict):
        raise BadValue(shown_json(data), conversion.takes(annotation))
    faults = Faults()
    known = {slot.name: slot for slot in slots}
    for name in data:
        if name not in known:
            hint = did_you_mean(name, known) or f"known: {', '.join(known) or 'none'}"
            faults.add(BadValue("", "", detail=f"{type_name(annotation)} has no such field; {hint}", path=f".{name}"))
    values = {}
    for slot in slots:
        if slot.name in data:
            values[slot.name] = faults.attempt(f".{slot.name}", conversion.from_json, slot.annotation, data[slot.name])
        elif slot.required:
            takes = conversion.takes(slot.annotation)
            faults.add(BadValue("", takes, detail="the field is missing", path=f".{slot.name}"))
    if faults.found:
        faults.raise_all()
    return values


def _build(annotation: Any, values: dict[str, Any], data: Any, conversion: Conversion) -> Any:
    """Call the user's class, whose own checks may refuse."""
    kind = origin_class(annotation)
    try:
        return kind(**values)
    except Exception as error:
        detail = f"{kind.__name__}: {error}" if str(error) else f"{kind.__name__}: {type(error).__name__}"
        raise BadValue(shown_json(data), conversion.takes(annotation), detail=detail) from error


def _dataclass_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    slots = conversion.once(_dataclass_slots, annotation)
    values = _read(annotation, slots, data, conversion)
    computed = {slot.name for slot in slots if slot.computed}
    given = {name: value for name, value in values.items() if name not in computed}
    built = _build(annotation, given, data, conversion)
    for name in computed & values.keys():
        if not same(getattr(built, name, None), values[name]):
            is_now = f"it is computed, and is {shown_json(conversion.to_json(Any, getattr(built, name, None)))}"
            raise BadValue(shown_json(data[name]), "", detail=is_now, path=f".{name}")
    return built


def _fields_to_json(slots: list[Slot], values: dict[str, Any], conversion: Conversion) -> dict[str, Any]:
    return {slot.name: conversion.to_json(slot.annotation, values[slot.name]) for slot in slots if slot.name in values}


def _slots_or_bare(
    slots_of: Callable[[Any], list[Slot]], annotation: Any, names: list[str], conversion: Conversion
) -> list[Slot]:
    """Return the fields; where their annotations cannot be resolved, as fields of any type: writing never fails."""
    try:
        return conversion.once(slots_of, annotation)
    except BadValue:
        return [Slot(name, Any, required=True) for name in names]


def _dataclass_to_json(annotation: Any, value: Any, conversion: Conversion) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(value)]
    slots = _slots_or_bare(_dataclass_slots, annotation, names, conversion)
    values = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return _fields_to_json(slots, values, conversion)


DATACLASS = Family(
    matches=lambda annotation: (
        isinstance(origin_class(annotation), type) and dataclasses.is_dataclass(origin_class(annotation))
    ),
    takes=_takes(_dataclass_slots),
    metavar="JSON",
    example=_example(_dataclass_slots),
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_dataclass_from_json,
    holds=lambda annotation, value, _conversion: type(value) is origin_class(annotation),
    to_json=_dataclass_to_json,
)


def _named_tuple_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    """From an object, or from an array of the fields in order."""
    slots = conversion.once(_named_tuple_slots, annotation)
    if isinstance(data, list):
        if len(data) > len(slots):
            detail = f"{len(data)} items, but {len(slots)} fields"
            raise BadValue(shown_json(data), conversion.takes(annotation), detail=detail)
        data = {slot.name: each for slot, each in zip(slots, data, strict=False)}
    return _build(annotation, _read(annotation, slots, data, conversion), data, conversion)


def _named_tuple_to_json(annotation: Any, value: Any, conversion: Conversion) -> dict[str, Any]:
    slots = _slots_or_bare(_named_tuple_slots, annotation, list(value._fields), conversion)
    return _fields_to_json(slots, value._asdict(), conversion)


def _is_named_tuple(annotation: Any) -> bool:
    kind = origin_class(annotation)
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


NAMED_TUPLE = Family(
    matches=_is_named_tuple,
    takes=_takes(_named_tuple_slots),
    metavar="JSON",
    example=_example(_named_tuple_slots),
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_named_tuple_from_json,
    holds=lambda annotation, value, _conversion: type(value) is origin_class(annotation),
    to_json=_named_tuple_to_json,
)


def _typed_dict_holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    if type(value) is not dict:
        return False
    slots = {slot.name: slot for slot in _slots_or_bare(_typed_dict_slots, annotation, list(value), conversion)}
    if not value.keys() <= slots.keys() or any(slot.required and slot.name not in value for slot in slots.values()):
        return False
    return all(conversion.holds(slots[name].annotation, each) for name, each in value.items())


TYPED_DICT = Family(
    # typing_extensions has a TypedDict of its own, which typing.is_typeddict does not know.
    matches=lambda annotation: hasattr(origin_class(annotation), "__required_keys__"),
    takes=_takes(_typed_dict_slots),
    metavar="JSON",
    example=_example(_typed_dict_slots),
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=lambda annotation, data, conversion: _read(
        annotation, conversion.once(_typed_dict_slots, annotation), data, conversion
    ),
    holds=_typed_dict_holds,
    to_json=lambda annotation, value, conversion: _fields_to_json(
        _slots_or_bare(_typed_dict_slots, annotation, list(value), conversion), value, conversion
    ),
)
