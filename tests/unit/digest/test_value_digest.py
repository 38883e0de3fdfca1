"""Canonical bytes of inputs: equal values of equal types have the same, others have not."""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from flytectl_py.digest.value_digest import encode_value


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Paint(enum.Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: Any = None


@dataclass(frozen=True)
class Place:
    x: int
    y: Any = None


class Pair(NamedTuple):
    x: int
    y: Any = None


def refuse(value: object) -> None:
    return None


def encoded(value: Any) -> bytes:
    return encode_value(value, refuse)


VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 0.0, -0.0, float("nan"), float("inf"), "", "1", "True", b"1", [], [1], [[1]],
    (), (1,), {}, {1: 2}, {"1": 2}, {1: "2"}, {2: 1}, {1: 2, 2: 1}, set(), {1}, frozenset({1}), {1, 2}, [1, 2], [12],
    [{1: 2}], Color.RED, Color.BLUE, Paint.RED, Point(1), Point(2), Point(1, 1), Place(1), Pair(1), date(2026, 1, 1),
    datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, fold=1), time(1), timedelta(1),
    datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), Decimal(1), Decimal("1.0"), Path("a"), Path("b"),
    PurePosixPath("a"), UUID(int=1), Point(1, Point(1)), [Color.RED], {Color.RED: 1}, {(1, 2): 3},
]  # fmt: skip


def test_no_two_of_these_are_one() -> None:
    found = [encoded(value) for value in VALUES]
    assert len(set(found)) == len(found)


def test_equal_values_are_one_in_any_order() -> None:
    assert encoded({"a": 1, "b": [2]}) == encoded({"b": [2], "a": 1})
    assert encoded({1, 2, 3, "a"}) == encoded({"a", 3, 2, 1})
    assert encoded(float("nan")) == encoded(float("nan"))
    assert encoded(Point(1, {2})) == encoded(Point(1, {2}))


def test_what_is_of_no_such_kind_is_asked_for() -> None:
    asked: list[object] = []

    def other(value: object) -> str | None:
        asked.append(value)
        return "it" if isinstance(value, OrderedDict) else None

    one = OrderedDict(a=1)
    assert encode_value([one, Point(1)], other) == encode_value([OrderedDict(b=2), Point(1)], other)
    assert asked[:2] == [one, Point(1)]
    with pytest.raises(TypeError, match="has no canonical bytes"):
        encoded(object())


def test_a_value_that_holds_itself_has_none() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(RecursionError):
        encoded(value)


def test_pydantic_models_enter_by_their_fields() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Model", x=(int, 1), y=(list[int], []))
    assert encoded(model(x=1)) == encoded(model(x=1, y=[]))
    assert encoded(model(x=1)) != encoded(model(x=2))
    extra = pydantic.create_model("Extra", __config__=pydantic.ConfigDict(extra="allow"), x=(int, 1))
    assert encoded(extra(z=1)) != encoded(extra(z=2))
