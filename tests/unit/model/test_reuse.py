"""Reuse policies: one form for what is given, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.reuse import ReusePolicy


def test_the_defaults() -> None:
    policy = ReusePolicy()
    half_a_minute = timedelta(seconds=30)
    assert (policy.min_replicas, policy.max_replicas, policy.concurrency, policy.scope) == (2, 2, 1, "global")
    assert policy.ttl == policy.get_scaledown_ttl() == half_a_minute


def test_a_range_of_replicas_and_times_of_either_form() -> None:
    policy = ReusePolicy((0, 3), idle_ttl=60, scaledown_ttl=timedelta(minutes=2), concurrency=4)
    assert (policy.min_replicas, policy.max_replicas) == (0, 3)
    assert (policy.ttl, policy.get_scaledown_ttl()) == (timedelta(minutes=1), timedelta(minutes=2))
    assert policy == ReusePolicy((0, 3), timedelta(minutes=1), 4, 120)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"replicas": (3, 1)}, "did you mean (1, 3)?"),
        ({"replicas": 0}, "1 or more"),
        ({"replicas": (-1, 1)}, "1 or more"),
        ({"replicas": (1, 2, 3)}, "(least, most)"),
        ({"replicas": "1"}, "(least, most)"),
        ({"replicas": True}, "(least, most)"),
        ({"idle_ttl": 29}, "30 s or more"),
        ({"scaledown_ttl": timedelta(seconds=29)}, "30 s or more"),
        ({"scaledown_ttl": None}, "seconds or a timedelta"),
        ({"concurrency": 0}, "1 or more"),
        ({"scope": "runs"}, "did you mean 'run'?"),
    ],
)
def test_a_wrong_policy(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        ReusePolicy(**given)
    assert said in str(caught.value)
