"""What servers refuse in a message: what has to be there, and how long texts may be, as flyteidl2 itself declares it.

Servers read the same declarations by protovalidate. That takes a second to import, so the two kinds of rules that bound
what a user writes are read here; the others are kept by what the model takes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from buf.validate import validate_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Broken(NamedTuple):
    """A rule that a message breaks.

    :param path: of the field, ``task_id.version``. :param value: its text; empty where it is missing.
    :param least, most: characters that it may have; None where there is no such bound.
    """

    path: str
    value: str
    least: int | None
    most: int | None


class _Field(NamedTuple):
    name: str
    required: bool
    least: int | None
    most: int | None
    kind: Any
    repeated: bool
    presence: bool


def broken_rules(message: Message, path: str = "") -> Iterator[Broken]:
    """Yield the rules that `message` breaks, by the order of its fields."""
    for field in _fields(message.DESCRIPTOR):
        place = f"{path}.{field.name}" if path else field.name
        if field.repeated:
            for index, each in enumerate(getattr(message, field.name)):
                yield from broken_rules(each, f"{place}[{index}]")
            continue
        if field.presence and not message.HasField(field.name):
            if field.required:
                yield Broken(place, "", 1, None)
            continue
        value = getattr(message, field.name)
        if field.kind is not None:
            yield from broken_rules(value, place)
        elif (field.least is not None and len(value) < field.least) or (
            field.most is not None and len(value) > field.most
        ):
            yield Broken(place, value, field.least, field.most)


@functools.cache
def _fields(descriptor: Any) -> tuple[_Field, ...]:
    """Return the fields of a message that have a rule, or lead to one that has."""
    found = []
    for each in descriptor.fields:
        rules = each.GetOptions().Extensions[validate_pb2.field]
        least, most = (
            getattr(rules.string, bound) if rules.string.HasField(bound) else None for bound in ("min_len", "max_len")
        )
        kind = each.message_type
        if kind is not None and (kind.GetOptions().map_entry or not _leads_to_rules(kind)):
            kind = None
        if kind is not None or rules.required or least is not None or most is not None:
            found.append(
                _Field(each.name, rules.required, least, most, kind, bool(each.is_repeated), bool(each.has_presence))
            )
    return tuple(found)


@functools.cache
def _leads_to_rules(descriptor: Any) -> bool:
    """Whether a message, or one that it may hold, has a rule. Messages hold each other in circles."""
    seen, waiting = set(), [descriptor]
    while waiting:
        each = waiting.pop()
        if each.full_name in seen:
            continue
        seen.add(each.full_name)
        for field in each.fields:
            rules = field.GetOptions().Extensions[validate_pb2.field]
            if rules.required or rules.string.HasField("min_len") or rules.string.HasField("max_len"):
                return True
            if field.message_type is not None:
                waiting.append(field.message_type)
    return False
