"""The spellings of a duration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flytectl_py.values.convert import BadValue, from_text, to_json, to_text

WORLD: Any = None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("-5", -5),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30 min", 5400),
        ("2 days, 3 hours", 183600),
        ("1w", 604800),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("3us", 0.000003),
        ("-1h30m", -5400),
        ("1:30:00", 5400),
        ("-1:30:00", -5400),
        ("0:00:01.5", 1.5),
        ("1 day, 1:00:00", 90000),
        ("-1 day, 23:00:00", -3600),
        ("PT90S", 90),
        ("P1DT2H", 93600),
        ("P1W", 604800),
        ("pt1.5m", 90),
        ("-PT5S", -5),
    ],
)
def test_it_is_read(text: str, seconds: float) -> None:
    assert from_text(timedelta, text, WORLD) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "-", "P", "PT", "P1DT", "1x", "1h-3m", "one hour", "1:75:00", "1 2", "nan", "9" * 500]
)
def test_it_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="takes a duration such as 90s"):
        from_text(timedelta, text, WORLD)


def test_hours_or_minutes_must_be_said() -> None:
    with pytest.raises(BadValue, match="write 1:30:00 or 0:1:30"):
        from_text(timedelta, "1:30", WORLD)
    assert from_text(timedelta, "0:1:30", WORLD) == timedelta(seconds=90)


def test_more_than_python_holds() -> None:
    with pytest.raises(BadValue, match="more than 999999999 days"):
        from_text(timedelta, "1000000000d", WORLD)


def test_no_float_comes_between() -> None:
    assert from_text(timedelta, "999999999d0.000001s", WORLD) == timedelta(days=999999999, microseconds=1)


def test_it_is_written() -> None:
    value = timedelta(days=1, hours=2, seconds=3, microseconds=500000)
    assert (to_text(value, timedelta), to_json(value)) == ("1d2h3.5s", "P1DT2H3.5S")
    assert (to_text(-value, timedelta), to_json(-value)) == ("-1d2h3.5s", "-P1DT2H3.5S")
    assert (to_text(timedelta(), timedelta), to_json(timedelta())) == ("0s", "PT0S")


def test_a_malicious_text_is_refused() -> None:
    # A pattern that tries every way to split these would not come to an end.
    for text in ("1s  " * 99 + "!", " " * 10**6 + "x", "1" * 399 + "!", "1s ," * 99 + "!"):
        with pytest.raises(BadValue):
            from_text(timedelta, text, WORLD)
