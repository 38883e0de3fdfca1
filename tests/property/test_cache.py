"""For any plain values: inputs are one call just if they are the same, and outputs come back the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import flyte
from flytectl_py.digest.value_digest import encode_value
from flytectl_py.engines.cache_values import kept, restored
from flytectl_py.errors import UsageError
from flytectl_py.values.choices import same

# Two zeros that are equal and not the same number are two inputs.
KEYS = st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab\ud800", max_size=2) | st.binary(max_size=1)
LEAVES = KEYS | st.floats().filter(lambda number: str(number) != "-0.0")
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("ab", max_size=2) | st.integers(2, 4), inner, max_size=3)
        | st.frozensets(st.integers(0, 2), max_size=2)
    ),
    max_leaves=8,
)

env = flyte.TaskEnvironment("cache-property")


@env.task
def task(x: Any) -> Any:
    return x


def encoded(value: Any) -> bytes | None:
    try:
        return encode_value(value, lambda _: None)
    except UsageError:  # Half a character.
        return None


@given(VALUES, VALUES)
def test_inputs_are_one_call_just_if_they_are_the_same(one: Any, other: Any) -> None:
    if encoded(one) is not None and encoded(other) is not None:
        assert (encoded(one) == encoded(other)) == same(one, other)


@given(VALUES)
def test_the_order_of_a_dict_does_not_count(value: Any) -> None:
    if isinstance(value, dict):
        assert encoded(value) == encoded(dict(reversed(value.items())))
    assert encoded(value) == encoded(restored(task, *kept(task, value)))


@given(VALUES)
def test_outputs_come_back_the_same(value: Any) -> None:
    head, payload = kept(task, value)
    assert same(restored(task, json.loads(json.dumps(head)), payload), value)
    assert head["needs"] == []
