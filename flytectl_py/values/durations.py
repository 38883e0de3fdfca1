"""Row for timedelta: ``90s``, ``1h30m``, ``1:30:00``, ``PT90S``, or a number of seconds; exact to the microsecond."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flytectl_py.values.annotations import class_named
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

if TYPE_CHECKING:
    from datetime import timedelta

A_DURATION = "a duration such as 90s, 1h30m, 1:30:00 or PT90S, or a number of seconds"

_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3600 * _SECOND, 86400 * _SECOND
_UNITS = {
    name: size
    for names, size in (
        ("w week weeks", 7 * _DAY),
        ("d day days", _DAY),
        ("h hr hrs hour hours", _HOUR),
        ("m min mins minute minutes", _MINUTE),
        ("s sec secs second seconds", _SECOND),
        ("ms millisecond milliseconds", 1000),
        ("us µs μs microsecond microseconds", 1),
    )
    for name in names.split()
}
# Patterns are compiled on first use: few tasks take a duration, and every import counts.
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_SECONDS = rf"({_NUMBER}|\.[0-9]+)(?:[eE]([+-]?[0-9]{{1,3}}))?"
_PART = rf"({_NUMBER})\s*([a-zA-Zµμ]+)(?:\s*,)?\s*"
_PARTS = rf"(?:{_PART})+"
_CLOCK = r"(?:([+-]?[0-9]+)\s*(?:d|days?),?\s+)?([0-9]+):([0-5]?[0-9]):([0-5]?[0-9](?:[.,][0-9]+)?)"
_ISO = rf"P(?:({_NUMBER})W)?(?:({_NUMBER})D)?(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?"
_LONGEST = 400  # characters; no duration that timedelta holds needs more


def _microseconds(text: str) -> int | None:
    """Return the duration that `text` stands for in microseconds, or None if it stands for none."""
    body = text.strip()
    if len(body) > _LONGEST:
        return None
    sign = -1 if body.startswith("-") else 1
    body = body[1:].lstrip() if body[:1] in ("-", "+") else body
    if match := re.fullmatch(_SECONDS, body):
        return sign * _scaled(match[1], _SECOND, int(match[2] or 0))
    if match := re.fullmatch(_CLOCK, body):
        clock = int(match[2]) * _HOUR + int(match[3]) * _MINUTE + _scaled(match[4], _SECOND)
        # As Python writes it, a sign before the days is theirs alone: "-1 day, 23:00:00" is an hour less than nothing.
        return sign * int(match[1]) * _DAY + clock if match[1] else sign * clock
    if (match := re.fullmatch(_ISO, body, re.IGNORECASE)) and body[-1] not in "PpTt":
        sizes = (7 * _DAY, _DAY, _HOUR, _MINUTE, _SECOND)
        return sign * sum(_scaled(number, size) for number, size in zip(match.groups(), sizes, strict=True) if number)
    if re.fullmatch(_PARTS, body):
        parts = [(number, _UNITS.get(unit.lower())) for number, unit in re.findall(_PART, body)]
        if all(size is not None for _, size in parts):
            return sign * sum(_scaled(number, size or 0) for number, size in parts)
    return None


def _scaled(number: str, size: int, exponent: int = 0) -> int:
    """Return a decimal number times `size`, rounded to a whole number, without any float in between."""
    whole, _, fraction = number.replace(",", ".").partition(".")
    scale = exponent - len(fraction)
    digits = int(f"{whole}{fraction}") * size
    if scale >= 0:
        return int(digits * 10**scale)
    divisor = int(10**-scale)
    return (2 * digits + divisor) // (2 * divisor)


def _build(text: str, got: str) -> timedelta:
    from datetime import timedelta

    amount = _microseconds(text)
    if amount is None:
        ambiguous = re.fullmatch(r"\s*(-?)([0-9]+):([0-5]?[0-9])\s*", text)
        detail = "hours, or minutes? write " + " or ".join(_both(*ambiguous.groups())) if ambiguous else ""
        raise BadValue(got, A_DURATION, detail=detail)
    try:
        return timedelta(days=amount // _DAY, microseconds=amount % _DAY)
    except OverflowError:
        raise BadValue(got, A_DURATION, detail="more than 999999999 days") from None


def _both(sign: str, first: str, second: str) -> tuple[str, str]:
    return f"{sign}{first}:{second}:00", f"{sign}0:{first}:{second}"


def _from_text(_annotation: Any, text: str, _conversion: Conversion) -> timedelta:
    return _build(text, shown(text))


def _from_json(_annotation: Any, data: Any, _conversion: Conversion) -> timedelta:
    """A string is read as text is, a number is one of seconds."""
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        raise BadValue(shown_json(data), A_DURATION)
    try:
        text = data if isinstance(data, str) else repr(data)
    except ValueError:  # more digits than Python writes
        text = ""
    return _build(text, shown_json(data))


def _split(value: timedelta) -> tuple[str, list[tuple[int, str]], str]:
    """Return sign, days to minutes with their letters, and the seconds as text."""
    amount = (value.days * 86400 + value.seconds) * _SECOND + value.microseconds
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    days, rest = divmod(amount, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds, fraction = divmod(rest, _SECOND)
    text = f"{seconds}.{fraction:06d}".rstrip("0") if fraction else str(seconds)
    return sign, [(days, "d"), (hours, "h"), (minutes, "m")], text


def _to_text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    sign, parts, seconds = _split(value)
    text = "".join(f"{number}{letter}" for number, letter in parts if number)
    return sign + (f"{text}{seconds}s" if seconds != "0" or not text else text)


def _to_json(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    sign, (day, *clock), seconds = _split(value)
    date = f"{day[0]}D" if day[0] else ""
    time = "".join(f"{number}{letter.upper()}" for number, letter in clock if number)
    time += f"{seconds}S" if seconds != "0" or not (date or time) else ""
    return f"{sign}P{date}" + (f"T{time}" if time else "")


TIMEDELTA = Family(
    matches=class_named("datetime", "timedelta"),
    takes=A_DURATION,
    metavar="DURATION",
    example=lambda _annotation, _conversion: "1h30m",
    from_text=_from_text,
    from_json=_from_json,
    holds=lambda annotation, value, _conversion: type(value) is annotation,
    to_json=_to_json,
    to_text=_to_text,
)
