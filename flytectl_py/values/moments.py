"""Rows for datetime, date and time: ISO 8601 as Python reads it, and the words ``now`` and ``today``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytectl_py.values.annotations import class_named
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

if TYPE_CHECKING:
    from datetime import datetime

A_DATETIME = "a date and time as in ISO 8601, or now, or today"
A_DATE = "a date as in ISO 8601, or today"
A_TIME = "a time of day as in ISO 8601, or now"


def _read(annotation: Any, text: str, takes: str, got: str) -> Any:
    try:
        return annotation.fromisoformat(text.strip())
    except ValueError as error:
        # Python says "Invalid isoformat string" of most; what else it says (month must be in 1..12) helps.
        said = str(error)
        detail = "" if said.startswith("Invalid isoformat") else said
        raise BadValue(got, takes, detail=detail) from None


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _datetime_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    word = text.strip().lower()
    if word in ("now", "today"):
        moment = conversion.world.now()
        return annotation.fromisoformat((moment if word == "now" else _midnight(moment)).isoformat())
    return _read(annotation, text, A_DATETIME, shown(text))


def _date_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    if text.strip().lower() == "today":
        return annotation.fromisoformat(conversion.world.now().date().isoformat())
    return _read(annotation, text, A_DATE, shown(text))


def _time_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    if text.strip().lower() == "now":
        return annotation.fromisoformat(conversion.world.now().time().isoformat())
    return _read(annotation, text, A_TIME, shown(text))


def _from_string(annotation: Any, data: Any, conversion: Conversion) -> Any:
    plain, family = conversion.find(annotation)
    if not isinstance(data, str):
        raise BadValue(shown_json(data), conversion.takes(plain))
    return family.from_text(plain, data, conversion)


def _of_class(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    return type(value) is annotation


def _iso(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    return str(value.isoformat())


DATETIME = Family(
    matches=class_named("datetime", "datetime"),
    takes=A_DATETIME,
    metavar="DATETIME",
    example=lambda _annotation, _conversion: "2026-01-31T09:30:00Z",
    from_text=_datetime_from_text,
    from_json=_from_string,
    holds=_of_class,
    to_json=_iso,
    to_text=_iso,
)
DATE = Family(
    matches=class_named("datetime", "date"),
    takes=A_DATE,
    metavar="DATE",
    example=lambda _annotation, _conversion: "2026-01-31",
    from_text=_date_from_text,
    from_json=_from_string,
    holds=_of_class,
    to_json=_iso,
    to_text=_iso,
)
TIME = Family(
    matches=class_named("datetime", "time"),
    takes=A_TIME,
    metavar="TIME",
    example=lambda _annotation, _conversion: "09:30:00",
    from_text=_time_from_text,
    from_json=_from_string,
    holds=_of_class,
    to_json=_iso,
    to_text=_iso,
)
