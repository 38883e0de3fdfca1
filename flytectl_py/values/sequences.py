"""Rows for lists, tuples and sets, and the abstract classes that they stand for; all of them JSON arrays."""

from __future__ import annotations

import collections
import collections.abc
import typing
from collections.abc import Callable
from typing import Any

from flytectl_py.values import jsontext
from flytectl_py.values.annotations import origin_class
from flytectl_py.values.badvalue import BadValue, Faults, shown_json
from flytectl_py.values.conversion import Conversion, Family

_LISTS: dict[Any, type] = {
    list: list,
    collections.deque: collections.deque,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    collections.abc.Iterable: list,
    collections.abc.Reversible: list,
    collections.abc.Container: list,
}
_SETS: dict[Any, type] = {
    set: set,
    frozenset: frozenset,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
}


def _one_of(classes: dict[Any, type]) -> Callable[[Any], bool]:
    def matches(annotation: Any) -> bool:
        kind = origin_class(annotation)
        return isinstance(kind, type) and (kind in classes or _concrete(kind, classes) is not None)

    return matches


def _concrete(kind: Any, classes: dict[Any, type]) -> type | None:
    """Return the class to build: for an abstract class its stand-in, for a class derived from a concrete one itself."""
    if kind in classes:
        return classes[kind]
    return kind if issubclass(kind, tuple(set(classes.values()))) else None


def list_class(annotation: Any) -> type:
    """Return the class of a list's values: ``list`` for ``Sequence[int]``."""
    return _concrete(origin_class(annotation), _LISTS) or list


def set_class(annotation: Any) -> type:
    """Return the class of a set's values."""
    return _concrete(origin_class(annotation), _SETS) or set


def _item(annotation: Any) -> Any:
    return (*typing.get_args(annotation), Any)[0]


def _array(annotation: Any, data: Any, conversion: Conversion) -> list[Any]:
    if not isinstance(data, list):
        raise BadValue(shown_json(data), conversion.takes(annotation))
    return data


def _items(annotation: Any, data: list[Any], conversion: Conversion) -> list[Any]:
    plain, family = conversion.find(_item(annotation))
    try:
        return [family.from_json(plain, each, conversion) for each in data]
    except BadValue:
        pass  # once more, to find every fault: much slower, and needed only now
    faults = Faults()
    read = [faults.attempt(f"[{at}]", family.from_json, plain, each, conversion) for at, each in enumerate(data)]
    if faults.found:
        faults.raise_all()
    return read


def _array_takes(annotation: Any, conversion: Conversion) -> str:
    if not typing.get_args(annotation):
        return "a JSON array"
    return f"a JSON array, each item {conversion.takes(_item(annotation))}"


def _array_example(annotation: Any, conversion: Conversion) -> Any:
    return [] if conversion.too_deep else [conversion.example(_item(annotation))]


def _list_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    items = _items(annotation, _array(annotation, data, conversion), conversion)
    kind = _concrete(origin_class(annotation), _LISTS)
    return items if kind is list or kind is None else _made(kind, items, data, annotation, conversion)


def _made(kind: type, items: list[Any], data: Any, annotation: Any, conversion: Conversion) -> Any:
    try:
        return kind(items)
    except Exception as error:
        raise BadValue(shown_json(data), conversion.takes(annotation), detail=str(error)) from error


def _list_holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    kind = _concrete(origin_class(annotation), _LISTS)
    return type(value) is kind and _all_held(_item(annotation), value, conversion)


def _all_held(item: Any, values: Any, conversion: Conversion) -> bool:
    if item is Any:
        return True
    plain, family = conversion.find(item)
    return all(family.holds(plain, each, conversion) for each in values)


def _items_to_json(annotation: Any, value: Any, conversion: Conversion) -> list[Any]:
    item = _item(annotation)
    return [conversion.to_json(item, each) for each in value]


LIST = Family(
    matches=_one_of(_LISTS),
    takes=_array_takes,
    metavar="JSON",
    example=_array_example,
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_list_from_json,
    holds=_list_holds,
    to_json=_items_to_json,
)


def _set_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    faults = Faults()
    items = _items(annotation, _array(annotation, data, conversion), conversion)
    for at, each in enumerate(items):
        try:
            hash(each)
        except TypeError:
            faults.add(BadValue(shown_json(data[at]), "", detail="not hashable, so not for a set", path=f"[{at}]"))
    if faults.found:
        faults.raise_all()
    return _made(_concrete(origin_class(annotation), _SETS) or set, items, data, annotation, conversion)


def _set_holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    return type(value) is _concrete(origin_class(annotation), _SETS) and _all_held(_item(annotation), value, conversion)


def _set_to_json(annotation: Any, value: Any, conversion: Conversion) -> list[Any]:
    """In order, so that equal sets are written alike: numbers by size, all else by the text of its JSON."""
    return sorted(_items_to_json(annotation, value, conversion), key=_order)


def _order(data: Any) -> tuple[int, float, str]:
    number = isinstance(data, int | float) and not isinstance(data, bool) and abs(data) < 10**300
    return (0, data, "") if number else (1, 0, jsontext.dump(data))


SET = Family(
    matches=_one_of(_SETS),
    takes=_array_takes,
    metavar="JSON",
    example=_array_example,
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_set_from_json,
    holds=_set_holds,
    to_json=_set_to_json,
)


def _is_open(annotation: Any) -> bool:
    """Whether a tuple may have any number of items: ``tuple``, ``tuple[X, ...]``."""
    arguments = typing.get_args(annotation)
    return typing.get_origin(annotation) is None or (len(arguments) == 2 and arguments[1] is Ellipsis)


def _tuple_takes(annotation: Any, conversion: Conversion) -> str:
    if _is_open(annotation):
        return _array_takes(annotation, conversion)
    kinds = [conversion.takes(each) for each in typing.get_args(annotation)]
    return f"a JSON array of {len(kinds)}: {', '.join(kinds)}" if kinds else "an empty JSON array"


def _tuple_example(annotation: Any, conversion: Conversion) -> Any:
    if _is_open(annotation):
        return _array_example(annotation, conversion)
    return [conversion.example(each) for each in typing.get_args(annotation)]


def _tuple_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    array = _array(annotation, data, conversion)
    if _is_open(annotation):
        return tuple(_items(annotation, array, conversion))
    kinds = typing.get_args(annotation)
    if len(array) != len(kinds):
        detail = f"the length is {len(array)}, not {len(kinds)}"
        raise BadValue(shown_json(data), conversion.takes(annotation), detail=detail)
    faults = Faults()
    pairs = enumerate(zip(kinds, array, strict=True))
    read = tuple(faults.attempt(f"[{at}]", conversion.from_json, kind, each) for at, (kind, each) in pairs)
    if faults.found:
        faults.raise_all()
    return read


def _tuple_holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    if type(value) is not tuple:
        return False
    if _is_open(annotation):
        return _all_held(_item(annotation), value, conversion)
    kinds = typing.get_args(annotation)
    return len(value) == len(kinds) and all(map(conversion.holds, kinds, value))


def _tuple_to_json(annotation: Any, value: Any, conversion: Conversion) -> list[Any]:
    if _is_open(annotation):
        return _items_to_json(annotation, value, conversion)
    return [conversion.to_json(kind, each) for kind, each in zip(typing.get_args(annotation), value, strict=True)]


TUPLE = Family(
    matches=lambda annotation: (
        isinstance(origin_class(annotation), type) and issubclass(origin_class(annotation), tuple)
    ),
    takes=_tuple_takes,
    metavar="JSON",
    example=_tuple_example,
    from_text=lambda annotation, text, conversion: conversion.from_json_text(annotation, text),
    from_json=_tuple_from_json,
    holds=_tuple_holds,
    to_json=_tuple_to_json,
)
