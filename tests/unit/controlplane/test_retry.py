"""Which failed attempts are followed by another, and how soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from connectrpc.code import Code
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.controlplane.failures import Failure, retry_after
from flytectl_py.controlplane.retry import LONGEST_ASKED, RetryPolicy

POLICY = RetryPolicy(3)
GONE = Failure(Code.UNAVAILABLE, "reset")


@given(attempt=st.integers(1, 3))
def test_waits_grow_and_are_spread(attempt: int) -> None:
    wait = POLICY.wait_after(GONE, attempt, repeatable=True)
    assert wait is not None
    assert 0.25 * 2 ** (attempt - 1) <= wait <= 0.5 * 2 ** (attempt - 1)


def test_there_is_an_end() -> None:
    assert POLICY.wait_after(GONE, 4, repeatable=True) is None
    assert RetryPolicy(0).wait_after(GONE, 1, repeatable=True) is None
    assert RetryPolicy(0).for_streams().wait_after(GONE, 1, repeatable=True) is None
    assert RetryPolicy(100).wait_after(GONE, 99, repeatable=True) <= RetryPolicy(100).longest_wait  # type: ignore[operator]


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        (Failure(Code.UNAVAILABLE, "refused", unsent=True), True),
        (Failure(Code.UNAVAILABLE, "turned away", 503), True),
        (Failure(Code.RESOURCE_EXHAUSTED, "slow down", 429), True),
        (Failure(Code.ABORTED, "conflict", 409), True),
        (GONE, False),
        (Failure(Code.UNAVAILABLE, "gateway", 502), False),
        (Failure(Code.DEADLINE_EXCEEDED, "late"), False),
        (Failure(Code.DEADLINE_EXCEEDED, "late", 504), False),
    ],
)
def test_what_may_have_been_done_is_not_repeated_unless_it_does_no_harm(failure: Failure, again: bool) -> None:
    assert (POLICY.wait_after(failure, 1, repeatable=False) is not None) == again
    assert POLICY.wait_after(failure, 1, repeatable=True) is not None


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.INTERNAL, Code.UNAUTHENTICATED])
def test_what_lasts_is_not_tried_again(code: Code) -> None:
    assert POLICY.wait_after(Failure(code, "", 400), 1, repeatable=True) is None


def test_a_wait_that_is_asked_for_is_kept_to() -> None:
    assert POLICY.wait_after(Failure(Code.UNAVAILABLE, "", 503, 7.0), 1, repeatable=False) == 7.0
    assert POLICY.wait_after(Failure(Code.UNAVAILABLE, "", 503, LONGEST_ASKED + 1), 1, repeatable=True) is None


def test_retry_after_in_its_forms() -> None:
    assert retry_after("12") == 12
    assert retry_after("0.5") == 0.5
    assert retry_after(None) is None
    assert retry_after("soon") is None
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < (retry_after(later) or 0) <= 60
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
