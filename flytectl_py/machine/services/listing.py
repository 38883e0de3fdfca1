"""Lists: which entries a request asks for, in which order, and cut into pages."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common.list_pb2 import Filter, Sort
from flyteidl2.common.phase_pb2 import ActionPhase

T = TypeVar("T")
Value = str | int | float | None
Fields = Mapping[str, Callable[[Any], Any]]
"""How each field of a list is read from an entry: a text, a number, or None where it has none.

The field ``labels.`` is all labels, by key.
"""

PAGE: Final = 100
_LONGEST_TOKEN: Final = 18
_LABELS: Final = "labels."
_PROJECT_FILTER = re.compile(r"\s*(\w+)\s*\(\s*(\w+)\s*,([^)]*)\)\s*")
_PROJECT_FUNCTIONS: Final = {
    "eq": Filter.EQUAL, "ne": Filter.NOT_EQUAL, "contains": Filter.CONTAINS, "value_in": Filter.VALUE_IN,
}  # fmt: skip
_ORDERS: Final[Mapping[int, Callable[[Any, Any], bool]]] = {
    Filter.GREATER_THAN: operator.gt,
    Filter.GREATER_THAN_OR_EQUAL: operator.ge,
    Filter.LESS_THAN: operator.lt,
    Filter.LESS_THAN_OR_EQUAL: operator.le,
}
_TEXTS: Final[Mapping[int, Callable[[str, str], bool]]] = {
    Filter.CONTAINS: lambda found, wanted: wanted in found,
    Filter.CONTAINS_CASE_INSENSITIVE: lambda found, wanted: wanted.lower() in found.lower(),
    Filter.ENDS_WITH: lambda found, wanted: found.endswith(wanted),
}


def selected(entries: Sequence[T], request: Any, fields: Fields) -> tuple[Sequence[T], str]:
    """Return the page that a ListRequest asks for, of the entries that pass its filters; and the token of the next.

    :raises ConnectError: the request asks for what the fields do not have.
    """
    found = passing(entries, request, fields)
    return page_of(ordered(found, request, fields), request.limit, request.token)


def passing(entries: Sequence[T], request: Any, fields: Fields) -> list[T]:
    """Return the entries that pass the filters of a ListRequest.

    :raises ConnectError: a filter is for what the fields do not have.
    """
    if request.raw_filters:
        raise ConnectError(Code.INVALID_ARGUMENT, "lists are filtered by `filters`, and not by `raw_filters`")
    for each in request.filters:
        _reader(each.field, fields)  # it is refused of an empty list, too
    return [each for each in entries if passes(each, request.filters, fields)]


def order_of(request: Any, field: str) -> int | None:
    """Return the direction in which a ListRequest sorts by a field: descending where it says none, None for others."""
    keys = [each for each in _sort_keys(request) if each.key]
    if not keys:
        return int(Sort.DESCENDING)
    return int(keys[0].direction) if [each.key for each in keys] == [field] else None


def passes(entry: Any, filters: Iterable[Any], fields: Fields) -> bool:
    """Whether an entry passes all filters of a list.

    :raises ConnectError: a filter is for a field that is not known, or has a value that the field cannot have.
    """
    return all(_passes(_reader(each.field, fields)(entry), each) for each in filters)


def ordered(entries: Sequence[T], request: Any, fields: Fields) -> Sequence[T]:
    """Return the entries in the order that a ListRequest asks for; as they are, where it asks for none.

    :raises ConnectError: it is by a field that is not known.
    """
    made = list(entries)
    for key in reversed([each for each in _sort_keys(request) if each.key]):
        values: list[Any] = [*map(_reader(key.key, fields), made)]
        # What has no value comes last, whichever way the others go.
        known = [each for each in range(len(made)) if values[each] is not None]
        known.sort(key=values.__getitem__, reverse=key.direction == Sort.DESCENDING)
        made = [made[each] for each in known] + [made[each] for each in range(len(made)) if values[each] is None]
    return made


def project_filters(text: str) -> list[Filter]:
    """Return the filters of a list of projects, which are one text: ``eq(state, 0)+contains(name, x)``.

    :raises ConnectError: it cannot be read.
    """
    made = []
    for part in text.split("+") if text else []:
        found = _PROJECT_FILTER.fullmatch(part)
        if found is None or found[1] not in _PROJECT_FUNCTIONS:
            raise ConnectError(Code.INVALID_ARGUMENT, f"'{part}' is no filter: it takes eq(state, 0), and ne, contains")
        values = [each.strip() for each in found[3].split(";")]
        made.append(Filter(field=found[2], function=_PROJECT_FUNCTIONS[found[1]], values=values))
    return made


def page_of(found: Sequence[T], limit: int, token: str) -> tuple[Sequence[T], str]:
    """Return one page of a list, and the token of the next one; empty for the last.

    :raises ConnectError: the token is none of ours.
    """
    start = start_of(token)
    end = start + (limit or PAGE)
    return found[start:end], str(end) if end < len(found) else ""


def start_of(token: str) -> int:
    """Return where a page starts.

    :raises ConnectError: the token is none of ours.
    """
    if token and not (token.isdecimal() and len(token) < _LONGEST_TOKEN):
        raise ConnectError(Code.INVALID_ARGUMENT, f"'{token}' is no token of a page")
    return int(token or 0)


def _sort_keys(request: Any) -> list[Any]:
    """Return the sort keys of a request, the first one first. Requests for projects have one only."""
    several = list(getattr(request, "sort_by_fields", ()))
    return several or ([request.sort_by] if request.HasField("sort_by") else [])


def _reader(field: str, fields: Fields) -> Callable[[Any], Value]:
    """Return what reads a field from an entry.

    :raises ConnectError: no entry has such a field.
    """
    if field.startswith(_LABELS) and _LABELS in fields:
        label = field.removeprefix(_LABELS)
        return lambda entry: fields[_LABELS](entry).get(label)
    if field not in fields or field == _LABELS:
        known = ", ".join(f"{each}NAME" if each == _LABELS else each for each in sorted(fields))
        raise ConnectError(Code.INVALID_ARGUMENT, f"there is no field '{field}' in this list; it has {known}")
    return fields[field]


def _passes(found: Value, asked: Any) -> bool:
    function = asked.function
    if function in (Filter.EXISTS, Filter.NOT_EXISTS):
        return bool((found is not None) == (function == Filter.EXISTS))
    wanted = [_like(each, found, asked.field) for each in asked.values]
    if function in (Filter.EQUAL, Filter.VALUE_IN):
        return found in wanted
    if function in (Filter.NOT_EQUAL, Filter.VALUE_NOT_IN):
        return found not in wanted
    if found is None:
        return False
    if function in _ORDERS:
        return any(_ORDERS[function](found, each) for each in wanted)
    text = str(found)
    if function == Filter.NOT_ENDS_WITH:
        return not any(text.endswith(each) for each in asked.values)
    if function not in _TEXTS:
        raise ConnectError(Code.INVALID_ARGUMENT, f"there is no filter function {function}")
    return any(_TEXTS[function](text, each) for each in asked.values)


def _like(text: str, found: Value, field: str) -> Value:
    """Return the value of a filter as the field has it: phases by name or number, times as text or seconds."""
    if found is None or isinstance(found, str):
        return text
    try:
        if text in ActionPhase.keys():  # noqa: SIM118  no mapping, for all its methods
            return int(ActionPhase.Value(text))
        if text.lstrip("-").replace(".", "", 1).isdecimal():
            return float(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConnectError(Code.INVALID_ARGUMENT, f"'{text}' is no value of the field '{field}'") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
