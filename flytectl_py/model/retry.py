"""When a task is tried again, and how long one attempt may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flytectl_py.errors import DeclarationError
from flytectl_py.model.duration import duration_of

_NO_DELAY = timedelta(0)


@dataclass(frozen=True)
class Backoff:
    """How long to wait before each retry.

    :param base: before the first retry; seconds or a timedelta.
    :param factor: by how much each wait is longer than the one before, 1 or more.
    :param cap: the longest wait, or None.
    :raises DeclarationError: a value that is not allowed.
    """

    base: timedelta
    factor: float = 1.0
    cap: timedelta | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", duration_of("Backoff(base=…)", self.base))
        _check_factor("Backoff(factor=…)", self.factor)
        if self.cap is not None:
            object.__setattr__(self, "cap", duration_of("Backoff(cap=…)", self.cap))

    def compute_delay(self, n: int) -> timedelta:
        """Return the wait before retry `n`, counted from 0: ``base * factor ** n``, at most `cap`."""
        longest = timedelta.max if self.cap is None else self.cap
        try:
            delay = self.base * self.factor**n if self.base else _NO_DELAY
        except OverflowError:
            return longest
        return min(delay, longest)


@dataclass(frozen=True)
class RetryStrategy:
    """How often a failed task is tried again, and after what wait.

    Example::

        @env.task(retries=flyte.RetryStrategy(count=5, backoff=10, backoff_factor=2))
        def flaky() -> None: ...

    :param count: how many further attempts follow the first.
    :param backoff: the wait before the first retry, in seconds or as a timedelta; or a `Backoff`; None is no wait.
    :param backoff_factor: by how much each wait is longer than the one before; it belongs to a plain `backoff`.
    :raises DeclarationError: a value that is not allowed.
    """

    count: int
    backoff: float | timedelta | Backoff | None = None
    backoff_factor: int | float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.count, int) or isinstance(self.count, bool) or self.count < 0:
            raise DeclarationError("RetryStrategy(count=…)", self.count, "give a number of retries, 0 or more")
        if self.backoff is not None and not isinstance(self.backoff, Backoff):
            duration_of("RetryStrategy(backoff=…)", self.backoff)
        if self.backoff_factor is None:
            return
        _check_factor("RetryStrategy(backoff_factor=…)", self.backoff_factor)
        if self.backoff is None or isinstance(self.backoff, Backoff):
            raise DeclarationError(
                "RetryStrategy(backoff_factor=…)",
                self.backoff_factor,
                "it multiplies a backoff in seconds; give backoff=10, or put the factor into the Backoff",
            )

    @classmethod
    def of(cls, retries: int | RetryStrategy) -> RetryStrategy:
        """Return what ``@env.task(retries=…)`` means.

        :raises DeclarationError: neither a number of retries nor a strategy.
        """
        if isinstance(retries, RetryStrategy):
            return retries
        if retries == 0 and not isinstance(retries, bool):
            return _NO_RETRIES
        if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
            raise DeclarationError("task(retries=…)", retries, "give a number, 0 or more, or a flyte.RetryStrategy")
        return cls(retries)

    @property
    def attempts(self) -> int:
        """How often the task runs at most."""
        return self.count + 1

    def delay(self, retry: int) -> timedelta:
        """Return the wait before a retry, the first of them being 1."""
        if self.backoff is None:
            return _NO_DELAY
        return self._backoff().compute_delay(retry - 1)

    def _backoff(self) -> Backoff:
        if isinstance(self.backoff, Backoff):
            return self.backoff
        return Backoff(duration_of("RetryStrategy(backoff=…)", self.backoff), self.backoff_factor or 1.0)


_NO_RETRIES = RetryStrategy(0)


@dataclass(frozen=True)
class Timeout:
    """How long a task may take. What is given in seconds is held as a timedelta.

    :param max_runtime: of one attempt, seconds or a timedelta; 0 is no limit.
    :param max_queued_time: in the queue, before it starts; None or 0 is no limit.
    :raises DeclarationError: a value that is not allowed.
    """

    max_runtime: timedelta | float
    max_queued_time: timedelta | float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_runtime", duration_of("Timeout(max_runtime=…)", self.max_runtime))
        if self.max_queued_time is not None:
            queued = duration_of("Timeout(max_queued_time=…)", self.max_queued_time)
            object.__setattr__(self, "max_queued_time", queued)

    @classmethod
    def of(cls, timeout: TimeoutType) -> Timeout | None:
        """Return what ``@env.task(timeout=…)`` means; None where there is no limit.

        :raises DeclarationError: not a timeout.
        """
        if not isinstance(timeout, Timeout):
            if timeout == 0 and not isinstance(timeout, bool):
                return None
            timeout = cls(duration_of("task(timeout=…)", timeout))
        return timeout if timeout.runtime or timeout.queued else None

    @property
    def runtime(self) -> timedelta | None:
        """The longest time of one attempt, or None."""
        return _limit(self.max_runtime)

    @property
    def queued(self) -> timedelta | None:
        """The longest time in the queue, or None."""
        return _limit(self.max_queued_time)


TimeoutType = Timeout | timedelta | int | float
"""A `Timeout`, a timedelta, or seconds."""


def _limit(value: timedelta | float | None) -> timedelta | None:
    return value if isinstance(value, timedelta) and value else None


def _check_factor(parameter: str, value: object) -> None:
    # `not >=` refuses a NaN as well.
    if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 1 or value == float("inf"):
        raise DeclarationError(parameter, value, "give a number, 1 or more")
