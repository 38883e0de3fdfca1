"""Plain data, as msgpack carries it, to the parts of structures; each part in any of the spellings that clients use."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

from flytectl_py.errors import did_you_mean
from flytectl_py.values import scalars, structures
from flytectl_py.values.annotations import arms_of, origin_class, type_name, unwrap
from flytectl_py.values.anything import ANYTHING
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.choices import ENUM, same
from flytectl_py.values.conversion import Conversion, Family
from flytectl_py.values.convert import describe
from flytectl_py.values.durations import TIMEDELTA
from flytectl_py.values.files import DIR, FILE
from flytectl_py.values.mappings import DICT, made
from flytectl_py.values.sequences import LIST, SET, TUPLE, list_class, set_class
from flytectl_py.values.table import find as find_family
from flytectl_py.values.unions import UNION
from flytectl_py.values.validated import PYDANTIC
from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.plain_writing import find, takes_none
from flytectl_py.wire.shown import shown_value

# What each kind of plain data most likely is, where a union leaves it open.
_KINDS: dict[type, tuple[Any, ...]] = {
    type(None): (type(None),),
    bool: (bool,),
    int: (int,),
    float: (float,),
    str: (str,),
    bytes: (bytes,),
}


class Reading:
    """Plain data on its way to a value."""

    __slots__ = ("conversion", "transfer")

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer
        self.conversion = Conversion(find_family, _Nowhere())

    def read(self, annotation: Any, data: Any) -> Any:
        """Return the value that `data` stands for.

        :raises BadValue: it stands for none; its `path` says where inside.
        """
        plain, family = self.transfer.once(find, annotation)
        reader = _READERS.get(family)
        return reader(plain, data, self) if reader is not None else family.from_json(plain, data, self.conversion)

    def inside(self, path: str, annotation: Any, data: Any) -> Any:
        """Return the value of `data`, which stands at `path` in the data being read."""
        try:
            return self.read(annotation, data)
        except BadValue as bad:
            raise bad.inside(path) from bad.__cause__


class _Nowhere:
    """The world of data that has come over the wire: the words ``now`` and ``today`` have no meaning there."""

    def now(self) -> Any:
        raise BadValue("now", "a moment")

    def is_file(self, _path: str) -> bool:
        return True

    def is_dir(self, _path: str) -> bool:
        return True


def _bad(annotation: Any, data: Any, detail: str = "") -> BadValue:
    return BadValue(shown_value(data), describe(annotation), detail=detail)


def _int(annotation: Any, data: Any, _reading: Reading) -> Any:
    if isinstance(data, float) and data.is_integer():  # numbers of JSON and of protobuf's Struct
        data = int(data)
    if not isinstance(data, int):
        raise _bad(annotation, data)
    return data if type(data) is annotation else annotation(data)


def _bytes(annotation: Any, data: Any, reading: Reading) -> Any:
    if isinstance(data, bytes | bytearray):
        return data if type(data) is annotation else annotation(data)
    if isinstance(data, str):
        return annotation(data.encode())
    return scalars.BYTES.from_json(annotation, data, reading.conversion)


def _enum(annotation: Any, data: Any, reading: Reading) -> Any:
    for member in annotation.__members__.values():
        if same(member.value, data) or (isinstance(member.value, tuple) and list(member.value) == data):
            return member
    return ENUM.from_json(annotation, data, reading.conversion)


def _duration(annotation: Any, data: Any, reading: Reading) -> Any:
    if isinstance(data, int | float) and not isinstance(data, bool):
        try:
            return annotation(seconds=data)
        except (OverflowError, ValueError) as error:
            raise _bad(annotation, data, str(error)) from None
    if isinstance(data, str):
        data = re.sub(r"^([+-]?P)([0-9]+)Y(?:([0-9]+)D)?", _days, data)
    return TIMEDELTA.from_json(annotation, data, reading.conversion)


def _days(found: re.Match[str]) -> str:
    """A year has 365 days, as it has for pydantic, which writes years."""
    return f"{found[1]}{365 * int(found[2]) + int(found[3] or 0)}D"


def _item(annotation: Any) -> Any:
    return (*typing.get_args(annotation), Any)[0]


def _array(annotation: Any, data: Any) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise _bad(annotation, data)
    return list(data)


def _items(item: Any, data: list[Any], reading: Reading) -> list[Any]:
    plain, _ = reading.transfer.once(find, item)
    if plain in (int, float, str, bool) and set(map(type, data)) <= {plain}:
        return data
    return [reading.inside(f"[{at}]", item, each) for at, each in enumerate(data)]


def _list(annotation: Any, data: Any, reading: Reading) -> Any:
    items = _items(_item(annotation), _array(annotation, data), reading)
    return _made(list_class(annotation), items, annotation, data)


def _set(annotation: Any, data: Any, reading: Reading) -> Any:
    items = _items(_item(annotation), _array(annotation, data), reading)
    return _made(set_class(annotation), items, annotation, data)


def _made(kind: Any, items: Any, annotation: Any, data: Any) -> Any:
    try:
        return items if kind is list else kind(items)
    except Exception as error:
        raise _bad(annotation, data, f"{kind.__name__}: {error}") from error


def _tuple(annotation: Any, data: Any, reading: Reading) -> Any:
    kinds = typing.get_args(annotation)
    array = _array(annotation, data)
    if typing.get_origin(annotation) is None or (len(kinds) == 2 and kinds[1] is Ellipsis):
        return tuple(_items(_item(annotation), array, reading))
    if len(kinds) != len(array):
        raise _bad(annotation, data)
    return tuple(
        reading.inside(f"[{at}]", kind, each) for at, (kind, each) in enumerate(zip(kinds, array, strict=True))
    )


def _dict(annotation: Any, data: Any, reading: Reading) -> Any:
    if not isinstance(data, Mapping):
        raise _bad(annotation, data)
    arguments = typing.get_args(annotation)
    key_type, item_type = (*arguments, Any, Any)[:2] if len(arguments) != 1 else (arguments[0], int)
    if unwrap(key_type) is Any and unwrap(item_type) is Any:
        values = dict(data)
    else:
        values = {
            _key(key_type, key, reading): reading.inside(f"[{key!r}]", item_type, item) for key, item in data.items()
        }
    return made(annotation, values, reading.conversion)


def _key(annotation: Any, data: Any, reading: Reading) -> Any:
    """A key as it is, else the text of one, which is how JSON has them."""
    try:
        key = reading.inside(f"[{data!r}] (key)", annotation, data)
    except BadValue:
        if not isinstance(data, str):
            raise
        key = reading.conversion.from_text(annotation, data)
    try:
        hash(key)
    except TypeError:
        raise BadValue(shown_value(key), "", detail="not for a key") from None
    return key


def _structure(annotation: Any, data: Any, reading: Reading) -> Any:
    """A dataclass or NamedTuple, from a map of its fields; a NamedTuple also from a list of them."""
    kind = origin_class(annotation)
    slots = reading.transfer.once(structures.slots_of, annotation)
    if isinstance(data, list | tuple) and hasattr(kind, "_fields"):
        if len(data) > len(slots):
            raise _bad(annotation, data)
        data = {slot.name: each for slot, each in zip(slots, data, strict=False)}
    fields = _fields(annotation, slots, data, reading)
    computed = {slot.name for slot in slots if slot.computed}
    try:
        return kind(**{name: value for name, value in fields.items() if name not in computed})
    except Exception as error:
        detail = f"{kind.__name__}: {error}" if str(error) else f"{kind.__name__}: {type(error).__name__}"
        raise _bad(annotation, data, detail) from error


def _typed_dict(annotation: Any, data: Any, reading: Reading) -> Any:
    slots = reading.transfer.once(structures.slots_of, annotation)
    if isinstance(data, Mapping):
        # Some clients write None for what is not there.
        optional = {slot.name for slot in slots if not slot.required and not takes_none(slot.annotation)}
        data = {name: each for name, each in data.items() if each is not None or name not in optional}
    return _fields(annotation, slots, data, reading)


def _fields(annotation: Any, slots: list[structures.Slot], data: Any, reading: Reading) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _bad(annotation, data)
    known = {slot.name: slot for slot in slots}
    guessed = hasattr(annotation, "__guessed__")  # from a schema, which need not tell of every field
    for name in data:
        if name not in known and not guessed:
            hint = did_you_mean(str(name), known) or f"known: {', '.join(known) or 'none'}"
            raise BadValue("", "", detail=f"{type_name(annotation)} has no such field; {hint}", path=f".{name}")
    for slot in slots:
        if slot.required and slot.name not in data:
            raise BadValue("", describe(slot.annotation), detail="the field is missing", path=f".{slot.name}")
    fields = {
        slot.name: reading.inside(f".{slot.name}", slot.annotation, data[slot.name])
        for slot in slots
        if slot.name in data
    }
    return {**data, **fields} if guessed else fields


def _union(annotation: Any, data: Any, reading: Reading) -> Any:
    """As the arm whose plain form is exactly this, else the first that takes it."""
    arms = reading.transfer.once(arms_of, annotation)
    likely = [arm for arm in arms if unwrap(arm) in _KINDS.get(type(data), ())]
    if isinstance(data, str):  # text is the last guess: nearly everything has a text form
        likely, arms = [], sorted(arms, key=lambda arm: unwrap(arm) is str)
    refused: dict[str, BadValue] = {}
    for arm in [*likely, *arms]:
        try:
            return reading.read(arm, data)
        except BadValue as bad:
            refused.setdefault(type_name(arm), bad)
    spoken = [bad for name, bad in refused.items() if name != "None"]
    if len(spoken) == 1:
        raise spoken[0]
    details = "; ".join(f"{name}: {bad.fragment()}" for name, bad in refused.items() if bad.path)
    raise _bad(annotation, data, details)


def _file(annotation: Any, data: Any, _reading: Reading) -> Any:
    from flytectl_py.wire import blobs

    return blobs.from_fields(annotation, data)


def _model(annotation: Any, data: Any, _reading: Reading) -> Any:
    from flytectl_py.wire import validated

    return validated.validated(annotation, data)


_READERS: dict[Family, Callable[[Any, Any, Reading], Any]] = {
    ANYTHING: lambda _annotation, data, _reading: data,
    UNION: _union,
    ENUM: _enum,
    scalars.INT: _int,
    scalars.BYTES: _bytes,
    FILE: _file,
    DIR: _file,
    PYDANTIC: _model,
    structures.DATACLASS: _structure,
    structures.NAMED_TUPLE: _structure,
    structures.TYPED_DICT: _typed_dict,
    LIST: _list,
    TUPLE: _tuple,
    SET: _set,
    DICT: _dict,
    TIMEDELTA: _duration,
}
