"""The parts of structures to plain data: numbers, text, bytes, lists and maps, as msgpack carries them."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from flytectl_py.values import scalars, structures
from flytectl_py.values.annotations import arms_of, is_anything, origin_class, type_name, unwrap
from flytectl_py.values.anything import ANYTHING
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.choices import ENUM, LITERAL
from flytectl_py.values.conversion import Family
from flytectl_py.values.convert import describe, holds
from flytectl_py.values.durations import TIMEDELTA
from flytectl_py.values.files import DIR, FILE
from flytectl_py.values.mappings import DICT
from flytectl_py.values.moments import DATE, DATETIME, TIME
from flytectl_py.values.sequences import LIST, SET, TUPLE
from flytectl_py.values.table import find as find_family
from flytectl_py.values.texts import DECIMAL, PATH, UUID
from flytectl_py.values.unions import UNION
from flytectl_py.values.validated import PYDANTIC
from flytectl_py.wire import plain_leaves as leaves
from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.frames import is_reference
from flytectl_py.wire.shown import shown_value


class Style(NamedTuple):
    """How some parts are spelled, which differs between dataclasses and all other structures.

    :param json: as JSON has it: text for keys and bytes, and a duration as in ISO 8601; else keys and bytes as they
        are, and a duration in seconds.
    :param names: an enum by name where it is a field, or an item of one; else, and inside dataclasses, tuples and
        unions, by value.
    """

    json: bool
    names: bool


DATACLASSES = Style(json=False, names=False)
MODELS = Style(json=True, names=True)


def find(annotation: Any) -> tuple[Any, Family]:
    """Return `annotation` unwrapped and its family; a reference to a table is of the family of files."""
    plain, family = find_family(annotation)
    return (plain, FILE) if is_reference(plain) else (plain, family)


class Writing:
    """One value on its way to plain data."""

    __slots__ = ("style", "transfer")

    def __init__(self, style: Style, transfer: Transfer) -> None:
        self.style = style
        self.transfer = transfer

    def write(self, annotation: Any, value: Any) -> Any:
        """Return `value` as plain data.

        :raises BadValue: it is no value of `annotation`, or cannot travel; its `path` says where inside.
        """
        plain, family = self.transfer.once(find, annotation)
        writer = _WRITERS.get(family)
        if writer is None:
            raise BadValue(shown_value(value), "", detail=f"a {type_name(plain)} cannot travel inside a structure")
        return writer(plain, value, self)

    def by_value(self) -> Writing:
        """Return a writing like this one that spells enums by value."""
        return Writing(self.style._replace(names=False), self.transfer) if self.style.names else self

    def inside(self, path: str, annotation: Any, value: Any) -> Any:
        """Return `value`, which stands at `path` in the value being written, as plain data."""
        try:
            return self.write(annotation, value)
        except BadValue as bad:
            raise bad.inside(path) from bad.__cause__


def _items(item: Any, values: Iterable[Any], writing: Writing) -> list[Any]:
    listed = list(values)
    plain, _ = writing.transfer.once(find, item)
    if set(map(type, listed)) == {plain} and _are_fine(plain, listed):
        return listed
    return [writing.inside(f"[{at}]", item, each) for at, each in enumerate(listed)]


def _are_fine(kind: type, values: list[Any]) -> bool:
    """Whether values that all are exactly of one primitive type can be written as they are."""
    if kind is int:
        return bool(min(values) >= leaves.LEAST and max(values) <= leaves.MOST)
    if kind is str:
        try:
            "".join(values).encode()
        except UnicodeEncodeError:
            return False
    return kind in (int, str, float, bool)


def _item(annotation: Any) -> Any:
    return (*typing.get_args(annotation), Any)[0]


def _list(annotation: Any, value: Any, writing: Writing) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise leaves.bad(annotation, value)
    return _items(_item(annotation), value, writing)


def _set(annotation: Any, value: Any, writing: Writing) -> list[Any]:
    """In order, so that equal sets are written alike."""
    if not isinstance(value, set | frozenset):
        raise leaves.bad(annotation, value)
    written = _items(_item(annotation), value, writing)
    return sorted(
        written, key=lambda each: (type(each).__name__, each if isinstance(each, int | float) else repr(each))
    )


def _tuple(annotation: Any, value: Any, writing: Writing) -> list[Any]:
    kinds = typing.get_args(annotation)
    if not isinstance(value, tuple | list):
        raise leaves.bad(annotation, value)
    if typing.get_origin(annotation) is None or (len(kinds) == 2 and kinds[1] is Ellipsis):
        return _items(_item(annotation), value, writing)
    if len(kinds) != len(value):
        raise leaves.bad(annotation, value)
    inner = writing.by_value()
    return [inner.inside(f"[{at}]", kind, each) for at, (kind, each) in enumerate(zip(kinds, value, strict=True))]


def _dict(annotation: Any, value: Any, writing: Writing) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise leaves.bad(annotation, value)
    key_type, item_type = (*typing.get_args(annotation), Any, Any)[:2]
    if len(typing.get_args(annotation)) == 1:  # Counter[X]
        item_type = int
    written: dict[Any, Any] = {}
    for key, item in value.items():
        place = f"[{key!r}]"
        name = writing.inside(f"{place} (key)", key_type, key)
        # Where nothing says what a key is, its text would not say it either.
        if writing.style.json and not isinstance(name, str) and not is_anything(unwrap(key_type)):
            name = _key_text(name)
        try:
            hash(name)
        except TypeError:
            raise BadValue(shown_value(key), "", detail="not for a key", path=f"{place} (key)") from None
        written[name] = writing.inside(place, item_type, item)
    return written


def _key_text(data: Any) -> str:
    """Return a key as JSON has it."""
    if isinstance(data, list):
        return ",".join(_key_text(each) for each in data)
    if data is None or isinstance(data, bool):
        return "None" if data is None else str(data).lower()
    return str(data)


def _dataclass(annotation: Any, value: Any, writing: Writing) -> dict[str, Any]:
    if not isinstance(value, origin_class(annotation)):
        raise leaves.bad(annotation, value)
    if type(value) is not origin_class(annotation):
        annotation = type(value)
    inner = writing.by_value()
    hints = writing.transfer.once(structures.hints_of, annotation)
    return {
        field.name: inner.inside(f".{field.name}", hints.get(field.name, Any), getattr(value, field.name))
        for field in dataclasses.fields(value)
        if hasattr(value, field.name) and (field.init or not writing.style.json)
    }


def _named_tuple(annotation: Any, value: Any, writing: Writing) -> list[Any]:
    if not isinstance(value, origin_class(annotation)):
        raise leaves.bad(annotation, value)
    hints = writing.transfer.once(structures.hints_of, annotation)
    inner = writing.by_value()
    return [inner.inside(f".{name}", hints.get(name, Any), getattr(value, name)) for name in value._fields]


def _typed_dict(annotation: Any, value: Any, writing: Writing) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise leaves.bad(annotation, value)
    hints = writing.transfer.once(structures.hints_of, annotation)
    missing = [name for name in structures.required_keys(annotation) if name not in value]
    guessed = hasattr(annotation, "__guessed__")
    unknown = [] if guessed else [name for name in value if name not in hints]
    if missing or unknown:
        detail = "; ".join(
            [*(f"the field {name} is missing" for name in missing), *(f"no field {name}" for name in unknown)]
        )
        raise BadValue(shown_value(value), describe(annotation), detail=detail)
    if guessed:
        return {name: writing.inside(f".{name}", hints.get(name, Any), each) for name, each in value.items()}
    return {
        name: writing.inside(f".{name}", hint, value[name]) if name in value else None
        for name, hint in hints.items()
        # None stands for what is not there, unless it has a meaning of its own.
        if name in value or not takes_none(hint)
    }


def takes_none(annotation: Any) -> bool:
    """Whether None is one of its values."""
    return any(unwrap(arm) in (type(None), Any) for arm in arms_of(unwrap(annotation)))


def _union(annotation: Any, value: Any, writing: Writing) -> Any:
    arms = writing.transfer.once(arms_of, annotation)
    inner = writing if len([arm for arm in arms if unwrap(arm) is not type(None)]) == 1 else writing.by_value()
    exact = [arm for arm in arms if origin_class(type(None) if arm is None else arm) is type(value)]
    for arm in [*[arm for arm in exact if len(exact) == 1 or holds(arm, value)], *arms]:
        try:
            return inner.write(arm, value)
        except BadValue:
            continue
    raise leaves.bad(annotation, value)


def _file(_annotation: Any, value: Any, writing: Writing) -> dict[str, Any]:
    from flytectl_py.wire import blobs

    return blobs.fields_of(value, writing.transfer)


def _model(annotation: Any, value: Any, writing: Writing) -> Any:
    from flytectl_py.wire import blobs, validated

    return validated.dumped(annotation, value, lambda reference: blobs.fields_of(reference, writing.transfer))


_WRITERS: dict[Family, Callable[[Any, Any, Writing], Any]] = {
    ANYTHING: leaves.any_value,
    UNION: _union,
    ENUM: leaves.choice,
    LITERAL: leaves.literal,
    scalars.BOOL: leaves.boolean,
    scalars.INT: leaves.integer,
    scalars.FLOAT: leaves.number,
    scalars.STR: leaves.plain_text,
    scalars.BYTES: leaves.raw,
    scalars.NONE: leaves.nothing,
    FILE: _file,
    DIR: _file,
    PYDANTIC: _model,
    structures.DATACLASS: _dataclass,
    structures.NAMED_TUPLE: _named_tuple,
    structures.TYPED_DICT: _typed_dict,
    LIST: _list,
    TUPLE: _tuple,
    SET: _set,
    DICT: _dict,
    DATETIME: leaves.moment,
    DATE: leaves.moment,
    TIME: leaves.moment,
    TIMEDELTA: leaves.duration,
    PATH: leaves.as_text,
    UUID: leaves.as_text,
    DECIMAL: leaves.as_text,
}
