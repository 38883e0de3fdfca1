"""How often and how soon a request is tried again."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from flytectl_py.storage.fault import TRANSIENT, Fault, Kind, seconds_to_wait
from flytectl_py.storage.retry import RetryPolicy


def waits(policy: RetryPolicy, *faults: Fault) -> list[float]:
    """Run an operation that fails so and then succeeds; return the seconds waited."""
    slept: list[float] = []
    left = list(faults)

    def operation() -> str:
        if left:
            raise left.pop(0)
        return "done"

    policy = RetryPolicy(policy.attempts, policy.first_wait, policy.longest_wait, sleep=slept.append)
    assert policy.call(operation) == "done"
    return slept


def test_waits_grow_up_to_a_bound_and_are_not_all_alike() -> None:
    policy = RetryPolicy(attempts=8, first_wait=1.0, longest_wait=4.0)
    slept = waits(policy, *[Fault(Kind.SERVER)] * 7)
    for waited, most in zip(slept, [1, 2, 4, 4, 4, 4, 4], strict=True):
        assert most / 2 <= waited <= most
    assert len({round(waited, 6) for waited in slept[2:]}) > 1


def test_a_wait_that_was_asked_for_is_kept_to() -> None:
    assert waits(RetryPolicy(), Fault(Kind.THROTTLED, retry_after=7.0)) == [7.0]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in TRANSIENT])
def test_what_will_not_change_is_not_tried_again(kind: Kind) -> None:
    with pytest.raises(Fault) as caught:
        waits(RetryPolicy(), Fault(kind))
    assert caught.value.attempts == 1


def test_attempts_are_bounded_and_counted() -> None:
    with pytest.raises(Fault) as caught:
        waits(RetryPolicy(attempts=4), *[Fault(Kind.DROPPED) for _ in range(9)])
    assert caught.value.attempts == 4


def test_a_refused_connection_is_given_up_soon() -> None:
    with pytest.raises(Fault) as caught:
        waits(RetryPolicy(attempts=6), *[Fault(Kind.REFUSED) for _ in range(9)])
    assert caught.value.attempts == 3


def test_too_long_a_wait_is_not_waited_for() -> None:
    with pytest.raises(Fault):
        waits(RetryPolicy(), Fault(Kind.THROTTLED, retry_after=3600.0))


def test_retry_after_is_seconds_or_a_date() -> None:
    assert seconds_to_wait("5") == 5.0
    assert seconds_to_wait("soon") is None
    assert seconds_to_wait(None) is None
    waited = seconds_to_wait(formatdate(time.time() + 60, usegmt=True))
    assert waited is not None
    assert 55 <= waited <= 61
    assert seconds_to_wait(formatdate(0, usegmt=True)) == 0.0
