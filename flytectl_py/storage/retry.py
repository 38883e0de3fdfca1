"""How often and how soon a failed request is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flytectl_py.storage.fault import TRANSIENT, Fault, Kind

T = TypeVar("T")

REFUSED_ATTEMPTS = 3
"""A server that accepts no connection is restarting or not there: a short while tells."""


@dataclass(frozen=True)
class RetryPolicy:
    """Bounded attempts with jittered exponential backoff; a wait that the other side asks for is kept to.

    :param attempts: in all, the first included.
    :param first_wait: seconds before the second attempt; doubled for each further one.
    :param longest_wait: seconds at most between two attempts.
    :param longest_asked: seconds of Retry-After beyond which the request fails instead of waiting.
    """

    attempts: int = 6
    first_wait: float = 0.25
    longest_wait: float = 20.0
    longest_asked: float = 120.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def call(self, operation: Callable[[], T]) -> T:
        """Return what `operation` returns; raises its last Fault with `attempts` and `seconds` filled in."""
        began = self.clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                return operation()
            except Fault as fault:
                fault.attempts, fault.seconds = attempt, self.clock() - began
                wait = self._wait_after(fault, attempt)
                if wait is None:
                    raise
            self.sleep(wait)

    def _wait_after(self, fault: Fault, attempt: int) -> float | None:
        most = min(self.attempts, REFUSED_ATTEMPTS) if fault.kind is Kind.REFUSED else self.attempts
        if fault.kind not in TRANSIENT or attempt >= most:
            return None
        if fault.retry_after is not None:
            return fault.retry_after if fault.retry_after <= self.longest_asked else None
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return backoff * random.uniform(0.5, 1.0)  # noqa: S311  # spreads clients out; nothing secret
