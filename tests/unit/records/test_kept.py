"""What is kept of values: small ones whole, large ones by what they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.records.kept import MOST_CHARACTERS, MOST_ITEMS, is_whole, kept

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@dataclass
class Point:
    x: int
    when: date
    more: Any = None


@given(JSON)
def test_small_plain_values_are_kept_as_they_are(value: Any) -> None:
    assert kept(value) == value


@pytest.mark.parametrize(
    "value",
    [
        list(range(MOST_ITEMS + 1)),
        {"a": ["b" * 10] * MOST_ITEMS},
        "x" * (MOST_CHARACTERS + 1),
        b"x" * (MOST_CHARACTERS + 1),
        [[[["x" * (MOST_CHARACTERS + 1)]]]],
        Point(1, date(2026, 1, 31), list(range(MOST_ITEMS))),
        {frozenset(range(MOST_ITEMS))},
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_values_are_only_named(value: Any) -> None:
    data = kept(value)
    assert not is_whole(data)
    assert "too large" in data["repr"]
    assert len(json.dumps(data)) < 200


def test_a_value_that_holds_itself_ends_somewhere() -> None:
    value: list[Any] = [1]
    value.append(value)
    assert not is_whole(kept(value))


def test_what_json_does_not_know_is_kept_so_that_it_can_be_read_back() -> None:
    assert kept(Point(1, date(2026, 1, 31))) == {"x": 1, "when": "2026-01-31", "more": None}
    assert is_whole(kept(2**70))
    assert json.loads(json.dumps(kept(float("nan")))) == "NaN"
    assert not is_whole(kept([1, object()]))


def test_a_union_is_kept_with_the_arm_that_it_was() -> None:
    assert kept("3", int | str) != kept(3, int | str)
