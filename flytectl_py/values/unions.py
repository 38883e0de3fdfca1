"""Row for ``X | Y``: which arm takes a value, and how one arm is forced.

1. ``{"name of an arm": …}`` forces that arm, e.g. ``{"date": "2026-01-31"}`` for ``date | datetime``.
2. On a command line, text in double quotes is that text: ``'"3"'`` for ``int | str``.
3. An arm whose value is exactly the JSON that was given wins: 3 is an int, not a float; an array is a list, not a set.
4. Then any other arm that takes it; then ``str``; then ``bytes``; then ``Any``.
5. Two arms that take it equally, with different values, are a tie: an error that shows how to force each.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from flytectl_py.values import jsontext
from flytectl_py.values.annotations import arms_of, is_anything, is_union, type_name, unwrap
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.choices import same
from flytectl_py.values.conversion import Conversion, Family

_EXACT, _TYPED, _TEXT, _BYTES, _ANY = range(5)


class _Tie(BadValue):
    """Several arms take it equally."""


def _named(annotation: Any) -> list[tuple[str, Any]]:
    """Return the arms with the name that forces each; where two have one name, it says the module too."""
    arms = arms_of(annotation)
    names = [type_name(arm) for arm in arms]
    return [
        (name if names.count(name) == 1 else f"{getattr(arm, '__module__', '')}.{name}", arm)
        for name, arm in zip(names, arms, strict=True)
    ]


def _besides_none(annotation: Any) -> list[tuple[str, Any]]:
    named = _named(annotation)
    return [(name, arm) for name, arm in named if unwrap(arm) is not types.NoneType] or named


def _forcible(annotation: Any) -> dict[str, Any]:
    """Return the arms that can be forced, by name.

    An arm besides which there is only None needs no force, and None has a spelling that is only its own.
    """
    named = _besides_none(annotation)
    return dict(named) if len(named) > 1 else {}


def _rank(arm: Any, value: Any, data: Any) -> int:
    plain = unwrap(arm)
    if value is None:  # `null`, and `None` as typed
        return _EXACT
    if is_anything(plain):
        return _ANY
    if plain is str:
        return _TEXT
    if plain is bytes:
        return _BYTES
    return _EXACT if same(value, data) else _TYPED


def _choose(annotation: Any, read: Callable[[Any], Any], data: Any, got: str, conversion: Conversion) -> Any:
    """Return what the best arm makes of a value; `read` converts it for one arm.

    :raises BadValue: no arm takes it, or it is a tie.
    """
    taken: list[tuple[int, str, Any, Any]] = []
    refused: list[tuple[Any, BadValue]] = []
    for name, arm in conversion.once(_named, annotation):
        try:
            value = read(arm)
        except BadValue as bad:
            refused.append((arm, bad))
        else:
            taken.append((_rank(arm, value, data), name, arm, value))
    if not taken:
        raise _refusal(annotation, refused, got, conversion)
    best = min(rank for rank, *_ in taken)
    ahead = [(name, arm, value) for rank, name, arm, value in taken if rank == best]
    if any(not same(value, ahead[0][2]) for *_, value in ahead):
        raise _tie(annotation, ahead, got, conversion)
    return ahead[0][2]


def _refusal(annotation: Any, refused: list[tuple[Any, BadValue]], got: str, conversion: Conversion) -> BadValue:
    """Say what the one arm said, if there is one besides None; else what each said of the inside of the value."""
    spoken = [(arm, bad) for arm, bad in refused if unwrap(arm) is not types.NoneType]
    if len(spoken) == 1:
        bad = spoken[0][1]
        return bad if bad.path or bad.faults else BadValue(got, conversion.takes(annotation), detail=bad.detail)
    details = [
        f"{type_name(arm)}: {'; '.join(fault.fragment() for fault in bad.faults or (bad,))}"
        for arm, bad in spoken
        if bad.path or bad.faults
    ]
    return BadValue(got, conversion.takes(annotation), detail="; ".join(details))


def _tie(annotation: Any, ahead: list[tuple[str, Any, Any]], got: str, conversion: Conversion) -> _Tie:
    ways = [jsontext.dump({name: _plainly(arm, value, conversion)}) for name, arm, value in ahead]
    both = " and ".join(name for name, *_ in ahead)
    return _Tie(got, conversion.takes(annotation), detail=f"{both} take it alike; say which: {' or '.join(ways)}")


def _plainly(arm: Any, value: Any, conversion: Conversion) -> Any:
    plain, family = conversion.find(arm)
    return family.to_json(plain, value, conversion)


def _from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    try:
        data = jsontext.parse(text)
    except jsontext.NotJsonError:
        data = text  # so that it is exact for an arm that takes it as it is
    else:
        if isinstance(data, str):  # text in quotes
            texts = [arm for arm in arms_of(annotation) if unwrap(arm) is str]
            return data if texts else _from_json(annotation, data, conversion)

    def read(arm: Any) -> Any:
        return conversion.from_text(arm, text)

    return _forced_or_chosen(annotation, read, data, shown(text), conversion)


def _from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    def read(arm: Any) -> Any:
        return conversion.from_json(arm, data)

    return _forced_or_chosen(annotation, read, data, shown_json(data), conversion)


def _forced_or_chosen(annotation: Any, read: Callable[[Any], Any], data: Any, got: str, conversion: Conversion) -> Any:
    """Return what the arm makes of it that ``{"name": …}`` forces; what it refuses may still be another arm's."""
    name, inner = next(iter(data.items())) if isinstance(data, dict) and len(data) == 1 else ("", None)
    forcible = conversion.once(_forcible, annotation) if name else {}
    if name not in forcible:
        return _choose(annotation, read, data, got, conversion)
    try:
        return conversion.from_json(forcible[name], inner)
    except BadValue as bad:
        try:
            return _choose(annotation, read, data, got, conversion)
        except BadValue:
            raise bad.inside(f"[{shown_json(name)}]") from None


def _holds(annotation: Any, value: Any, conversion: Conversion) -> bool:
    return any(conversion.holds(arm, value) for arm in arms_of(annotation))


def _arm_of(annotation: Any, value: Any, conversion: Conversion) -> Any:
    holding = [arm for arm in arms_of(annotation) if conversion.holds(arm, value)]
    return min(holding, key=lambda arm: is_anything(unwrap(arm)))


def _to_json(annotation: Any, value: Any, conversion: Conversion) -> Any:
    """As its arm writes it; with the arm's name where it would be read as another's."""
    arm = _arm_of(annotation, value, conversion)
    data = _plainly(arm, value, conversion)
    if _reads(_from_json, annotation, data, value, conversion):
        return data
    name = next((name for name, each in _forcible(annotation).items() if each is arm), "")
    return {name: data} if name else data


def _to_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    plain, family = conversion.find(_arm_of(annotation, value, conversion))
    text = family.to_text(plain, value, conversion)
    if _reads(_from_text, annotation, text, value, conversion):
        return text
    quoted = jsontext.dump(family.to_json(plain, value, conversion))
    if _reads(_from_text, annotation, quoted, value, conversion):
        return quoted
    return jsontext.dump(_to_json(annotation, value, conversion))


def _reads(
    read: Callable[[Any, Any, Conversion], Any], annotation: Any, written: Any, value: Any, conversion: Conversion
) -> bool:
    """Whether what was written is read as the value that it was written of."""
    try:
        return same(read(annotation, written, conversion), value)
    except BadValue:
        return False


def _join(texts: list[str], last: str) -> str:
    unique = list(dict.fromkeys(texts))
    return f"{', '.join(unique[:-1])}{last}{unique[-1]}" if len(unique) > 1 else unique[0]


def _takes(annotation: Any, conversion: Conversion) -> str:
    named = _besides_none(annotation)
    said = [conversion.takes(arm) for _, arm in named]
    return _join([*said, "null"] if len(named) < len(arms_of(annotation)) else said, ", or ")


def _example(annotation: Any, conversion: Conversion) -> Any:
    """An example of the first arm that no other takes alike, or one that says which is meant."""
    for _, arm in _besides_none(annotation):
        data = conversion.example(arm)
        try:
            _from_json(annotation, data, conversion)
        except _Tie:
            continue
        except BadValue:  # such as a file that is not there
            pass
        return data
    name, arm = _besides_none(annotation)[0]
    return {name: conversion.example(arm)}


def _choices(annotation: Any, conversion: Conversion) -> list[str] | None:
    """Those of every arm, where each can be listed."""
    listed = [conversion.choices(arm) for _, arm in _besides_none(annotation)]
    if any(each is None for each in listed):
        return None
    return list(dict.fromkeys(text for each in listed if each for text in each))


UNION = Family(
    matches=is_union,
    takes=_takes,
    metavar=lambda annotation, conversion: "|".join(
        dict.fromkeys(conversion.metavar(arm) for _, arm in _besides_none(annotation))
    ),
    example=_example,
    from_text=_from_text,
    from_json=_from_json,
    holds=_holds,
    to_json=_to_json,
    to_text=_to_text,
    choices=_choices,
)
