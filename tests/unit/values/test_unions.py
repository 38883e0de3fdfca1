"""Which arm of a union takes a value, and how one is forced."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
from typing import Any, Literal, Optional, Union

import pytest

from flytectl_py.values.convert import BadValue, describe, example, from_json, from_text, to_text

WORLD: Any = None


@dataclasses.dataclass
class Left:
    x: int


@dataclasses.dataclass
class Right:
    x: int
    y: int = 0


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int | str, "3", 3),
        (int | str, "x", "x"),
        (int | str, '"3"', "3"),
        (str | int, "3", 3),
        (Union[int, float], "3", 3),  # noqa: UP007
        (int | float, "3.0", 3.0),
        (bool | int, "1", 1),
        (bool | int, "true", True),
        (str | list[str], '["a"]', ["a"]),
        (str | list[str], "a", "a"),
        (list[int] | set[int], "[1]", [1]),
        (dt.datetime | str, "2026-01-31", dt.datetime(2026, 1, 31)),
        (dt.datetime | str, '"2026-01-31"', "2026-01-31"),
        (dt.date | dt.datetime, '{"date": "2026-01-31"}', dt.date(2026, 1, 31)),
        (dt.date | dt.datetime, "2026-01-31T00:00", dt.datetime(2026, 1, 31)),
        (int | None, "null", None),
        (Optional[str], "None", None),  # noqa: UP045
        (str | None, "none", "none"),
        (str | None, '"null"', "null"),
        (str | None, "", ""),
        (pathlib.Path | str, "a", pathlib.Path("a")),
        (bytes | str, "a", "a"),
        (int | Any, "3", 3),
        (Literal["auto"] | int, "auto", "auto"),
        (Left | Right, '{"x": 1, "y": 2}', Right(1, 2)),
        (Left | Right, '{"Left": {"x": 1}}', Left(1)),
        (Left | dict[str, int], '{"x": 1}', {"x": 1}),
        (dict[str, int] | None, '{"None": 1}', {"None": 1}),
        (dict[str, int] | list[int], '{"list[int]": 1}', {"list[int]": 1}),
        (dict[str, int] | list[int], '{"list[int]": [1]}', [1]),
    ],
)
def test_the_arm_that_takes_it(annotation: Any, text: str, value: Any) -> None:
    read = from_text(annotation, text, WORLD)
    assert read == value
    assert type(read) is type(value)


def test_a_tie_says_how_to_force_each_arm_and_that_works() -> None:
    with pytest.raises(BadValue) as caught:
        from_text(Left | Right, '{"x": 1}', WORLD)
    said = caught.value.detail
    assert 'Left and Right take it alike; say which: {"Left": {"x": 1}} or {"Right": {"x": 1, "y": 0}}' in said
    assert from_text(Left | Right, said.rpartition(" or ")[2], WORLD) == Right(1)
    assert example(Left | Right) == '{"Left": {"x": 3}}'


def test_two_classes_of_one_name_are_told_apart_by_their_modules() -> None:
    other = dataclasses.make_dataclass("Left", [("x", int)])
    other.__module__ = "elsewhere"
    union = Union[Left, other]  # noqa: UP007
    with pytest.raises(BadValue, match=r"elsewhere\.Left"):
        from_text(union, '{"x": 1}', WORLD)
    assert type(from_text(union, '{"elsewhere.Left": {"x": 1}}', WORLD)) is other


def test_a_json_string_is_read_by_the_other_arms_before_str() -> None:
    assert from_json(dt.date | str, "2026-01-31", WORLD) == dt.date(2026, 1, 31)
    assert from_json(int | str, "3", WORLD) == "3"
    assert from_json(dt.date | str, {"str": "2026-01-31"}, WORLD) == "2026-01-31"


def test_text_that_would_be_read_as_another_arm_is_written_so_that_it_is_not() -> None:
    assert to_text("3", int | str) == '"3"'
    assert to_text("x", int | str) == "x"
    assert to_text({1}, list[int] | set[int]) == '{"set[int]": [1]}'


def test_refusals_say_what_each_arm_takes() -> None:
    with pytest.raises(BadValue) as caught:
        from_text(int | dt.date, "x", WORLD)
    assert caught.value.takes == "an integer, or a date as in ISO 8601, or today"
    with pytest.raises(BadValue, match=r"^\[0\]: got \"a\"; takes an integer"):
        from_text(list[int] | None, '["a"]', WORLD)
    with pytest.raises(BadValue, match=r"Left: \.z: .*Right: \.z: "):
        from_text(Left | Right, '{"z": 1}', WORLD)
    assert describe(int | None) == "an integer, or null"
