"""Values as JSON that anything can read, and as text that a person can."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import json
import pathlib
from typing import Any

import pytest

from flytectl_py.values.convert import to_json
from flytectl_py.values.render import readable


class Color(enum.Enum):
    RED = 1


class Mode(enum.StrEnum):
    FAST = "quick"


class Indexed:
    def __index__(self) -> int:
        return 7


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@dataclasses.dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None),
        (float("nan"), "NaN"),
        ([float("-inf")], ["-Infinity"]),
        (b"text", "text"),
        (b"\xff", "base64:/w=="),
        (Color.RED, "RED"),
        (Mode.FAST, "FAST"),
        (pathlib.Path("a/b"), "a/b"),
        ({10, 9, 1}, [1, 9, 10]),
        ({"b", "a"}, ["a", "b"]),
        ((1, (2,)), [1, [2]]),
        ({1: "a"}, {"1": "a"}),
        ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
        (dt.timedelta(seconds=90), "PT1M30S"),
        (Point(1), {"x": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (Indexed(), 7),
        ({1, "a", None}, [1, "a", None]),
    ],
)
def test_to_json(value: Any, data: Any) -> None:
    assert to_json(value) == data
    json.dumps(to_json(value), allow_nan=False)


def test_what_has_no_json_is_named_and_shown() -> None:
    written = to_json([len, object(), int, Rude()])
    assert written[0] == {"type": "builtins.builtin_function_or_method", "repr": "<built-in function len>"}
    assert written[1]["type"] == "builtins.object"
    assert written[2] == {"type": "builtins.type", "repr": "<class 'int'>"}
    assert "its repr failed: RuntimeError('no')" in written[3]["repr"]
    assert json.dumps(written)


def test_what_holds_itself_is_cut_there() -> None:
    ring: list[Any] = [1]
    ring += [ring, {"again": ring}]
    assert json.dumps(to_json(ring)).count("holds itself") == 2
    shared = [1]
    assert to_json([shared, shared]) == [[1], [1]]


def test_what_is_nested_too_deeply_is_still_json() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "too deeply" in json.dumps(to_json(deep))
    assert "too deeply" in readable(deep)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", "a\nb"),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (float("nan"), "nan"),
        ([1, "é"], '[1, "é"]'),
        (dt.datetime(2026, 1, 31, 9, 30), "2026-01-31T09:30:00"),
        (dt.timedelta(seconds=90), "1m30s"),
        (len, "<built-in function len>"),
        ("\udcff", "\\udcff"),
    ],
)
def test_readable(value: Any, text: str) -> None:
    assert readable(value) == text


def test_readable_gives_each_composite_of_a_long_one_its_line_and_keeps_rows_of_scalars_together() -> None:
    numbers = list(range(50))
    row = ", ".join(map(str, numbers))
    assert readable(numbers) == f"[{row}]"
    assert readable({"numbers": numbers, "n": 50}) == f'{{\n  "numbers": [{row}],\n  "n": 50\n}}'
    assert readable([{"a": "x" * 60}, {"b": "y" * 60}]).count("\n") == 3


def test_readable_cuts_what_is_huge_and_says_its_size() -> None:
    text = readable("x" * 1_000_000)
    assert len(text) < 21_000
    assert "1,000,000 characters in all" in text
    assert readable("x" * 1_000_000, whole=True) == "x" * 1_000_000
