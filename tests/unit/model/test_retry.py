"""Retries, their waits, and timeouts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.retry import Backoff, RetryStrategy, Timeout

S = timedelta(seconds=1)


def test_a_number_is_that_many_retries_without_a_wait() -> None:
    strategy = RetryStrategy.of(3)
    assert (strategy, strategy.attempts, strategy.delay(1)) == (RetryStrategy(3), 4, timedelta(0))
    assert RetryStrategy.of(strategy) is strategy
    assert RetryStrategy.of(0).attempts == 1


def test_the_example_of_the_documentation() -> None:
    strategy = RetryStrategy(count=5, backoff=10, backoff_factor=2)
    assert [strategy.delay(n) / S for n in range(1, 6)] == [10, 20, 40, 80, 160]


@pytest.mark.parametrize("backoff", [1.5, timedelta(seconds=1.5), Backoff(timedelta(seconds=1.5))])
def test_without_a_factor_every_wait_is_the_same(backoff: Any) -> None:
    assert [RetryStrategy(2, backoff).delay(n) / S for n in (1, 2)] == [1.5, 1.5]


def test_a_backoff_grows_to_its_cap() -> None:
    backoff = Backoff(S, 2.0, 3 * S)
    assert [backoff.compute_delay(n) / S for n in range(5)] == [1, 2, 3, 3, 3]
    assert RetryStrategy(4, backoff).delay(1) == S
    assert Backoff(5 * S, cap=S).compute_delay(0) == S


def test_waits_too_long_to_count_are_the_cap() -> None:
    assert Backoff(S, 10.0, cap=7 * S).compute_delay(5000) == 7 * S
    assert Backoff(S, 10.0).compute_delay(5000) == timedelta.max
    assert Backoff(timedelta(0), 10.0).compute_delay(5000) == timedelta(0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RetryStrategy(-1),
        lambda: RetryStrategy(True),
        lambda: RetryStrategy("3"),  # type: ignore[arg-type]
        lambda: RetryStrategy.of(-1),
        lambda: RetryStrategy.of(False),
        lambda: RetryStrategy.of("3"),  # type: ignore[arg-type]
        lambda: RetryStrategy(1, -1),
        lambda: RetryStrategy(1, 1, 0.5),
        lambda: RetryStrategy(1, None, 2),
        lambda: RetryStrategy(1, Backoff(S), 2),
        lambda: RetryStrategy(1, float("nan")),
        lambda: RetryStrategy(1, 1e300),
        lambda: Backoff(-S),
        lambda: Backoff(S, 0.9),
        lambda: Backoff(S, float("nan")),
        lambda: Backoff(S, float("inf")),
        lambda: Backoff(S, cap=-S),
    ],
)
def test_a_wrong_strategy(make: Any) -> None:
    with pytest.raises(DeclarationError):
        make()


@pytest.mark.parametrize("none", [0, 0.0, timedelta(0), Timeout(0), Timeout(0, 0)])
def test_no_timeout(none: Any) -> None:
    assert Timeout.of(none) is None


def test_timeouts_of_every_form() -> None:
    assert Timeout.of(5) == Timeout.of(5 * S) == Timeout.of(Timeout(5)) == Timeout(5 * S)
    both = Timeout(max_runtime=timedelta(minutes=5), max_queued_time=10)
    assert (both.runtime, both.queued) == (300 * S, 10 * S)
    assert Timeout(5).queued is None
    queued = Timeout.of(Timeout(0, 10))
    assert queued is not None
    assert (queued.runtime, queued.queued) == (None, 10 * S)


@pytest.mark.parametrize("value", [-1, "5", True, float("inf"), None, -S])
def test_what_is_no_timeout(value: Any) -> None:
    with pytest.raises(DeclarationError, match=r"task\(timeout=…\).*seconds or a timedelta"):
        Timeout.of(value)
    with pytest.raises(DeclarationError, match="max_runtime"):
        Timeout(value)
