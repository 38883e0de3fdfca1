"""Row for dict and the abstract classes that it stands for: a JSON object, or an array of ``[key, value]``."""

from __future__ import annotations

import collections
import collections.abc
import typing
from collections.abc import Callable
from typing import Any

from flytectl_py.values.annotations import is_anything, origin_class, unwrap
from flytectl_py.values.badvalue import BadValue, Faults, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

_ABSTRACT = (collections.abc.Mapping, collections.abc.MutableMapping)
_FACTORIES = (int, float, str, bool, list, dict, set, tuple)


def _matches(annotation: Any) -> bool:
    kind = origin_class(annotation)
    return isinstance(kind, type) and (kind in _ABSTRACT or issubclass(kind, dict))


def _kind(annotation: Any) -> Any:
    """Return the class to build."""
    kind = origin_class(annotation)
    return dict if kind in _ABSTRACT else kind


def _key_and_value(annotation: Any) -> tuple[Any, Any]:
    """Return the types of keys and values. A JSON key is text, so without any type, keys are text."""
    arguments = typing.get_args(annotation)
    if issubclass(origin_class(annotation), collections.Counter):
        return (*arguments, str)[0], int
    key, value = arguments if len(arguments) == 2 else (Any, Any)
    return (str if is_anything(unwrap(key)) else key), value


def _takes(annotation: Any, conversion: Conversion) -> str:
    if not typing.get_args(annotation):
        return "a JSON object"
    key, value = _key_and_value(annotation)
    keys = "" if unwrap(key) is str else f", each key {conversion.takes(key)}"
    return f"a JSON object{keys}, each value {conversion.takes(value)}"


def _example(annotation: Any, conversion: Conversion) -> Any:
    if conversion.too_deep:
        return {}
    key, value = _key_and_value(annotation)
    name = "key" if unwrap(key) is str else _key_text(conversion.example(key))
    return {name: conversion.example(value)}


def _key_text(data: Any) -> str:
    from flytectl_py.values import jsontext

    return data if isinstance(data, str) else jsontext.dump(data)


def _from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    convert_key: Callable[[Any, Any], Any] = conversion.from_text
    if isinstance(data, dict):
        entries = list(data.items())
    elif isinstance(data, list) and all(isinstance(each, list) and len(each) == 2 for each in data):
        entries, convert_key = [(key, item) for key, item in data], conversion.from_json
    else:
        raise BadValue(shown_json(data), conversion.takes(annotation))
    key_type, value_type = _key_and_value(annotation)
    faults = Faults()
    read: dict[Any, Any] = {}
    for name, item in entries:
        place = f"[{shown_json(name)}]"
        value = faults.attempt(place, conversion.from_json, value_type, item)
        before = len(faults.found)
        key = faults.attempt(f"{place} (key)", convert_key, key_type, name)
        if len(faults.found) > before:
            continue
        if not _hashable(key):
            faults.add(BadValue("", "", detail="not hashable, so not for a key", path=f"{place} (key)"))
        elif key in read:
            faults.add(BadValue("", "", detail=f"stands there twice, as {shown(str(key))}", path=f"{place} (key)"))
        else:
            read[key] = value
    if faults.found:
        faults.raise_all()
    return made(annotation, read, conversion)


def _hashable(key: Any) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def made(annotation: Any, read: dict[Any, Any], conversion: Conversion) -> Any:
    """Return what was read as an instance of the annotation's class.

    :raises BadValue: the class refuses it.
    """
    kind = _kind(annotation)
    if kind is dict:
        return read
    try:
        built = kind()
        if isinstance(built, collections.defaultdict):
            # The annotation does not say the factory; what it says of the values is what is most often meant.
            factory = origin_class(unwrap(_key_and_value(annotation)[1]))
            built.default_factory = factory if factory in _FACTORIES else None
        built.update(read)
    except Exception as error:
        raise BadValue("", conversion.takes(annotation), detail=f"{kind.__name__}: {error}") from error
    return built


def _holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    if type(value) is not _kind(annotation):
        return False
    arguments = typing.get_args(annotation)
    if not arguments:
        return True
    key_type, value_type = _key_and_value(annotation)
    return all(conversion.holds(key_type, key) and conversion.holds(value_type, item) for key, item in value.items())


def _to_json(annotation: Any, value: Any, conversion: Conversion) -> Any:
    """An object; an array of pairs where two keys have one text, or a key would be read as another type's."""
    key_type, value_type = _key_and_value(annotation)
    written: dict[str, Any] = {}
    for key, item in value.items():
        name = conversion.to_text(key_type, key)
        if name in written:
            break
        written[name] = conversion.to_json(value_type, item)
    else:
        return written
    return [[conversion.to_json(key_type, key), conversion.to_json(value_type, item)] for key, item in value.items()]


DICT = Family(
    matches=_matches,
    takes=_takes,
    metavar="JSON",
    example=_example,
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_from_json,
    holds=_holds,
    to_json=_to_json,
)
