"""Which failed calls are made again, how often, and how soon."""

from __future__ import annotations

import random
from dataclasses import dataclass

from flytectl_py.controlplane.failures import Failure

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
LONGEST_ASKED = 120.0
"""Seconds of Retry-After beyond which the call fails instead of waiting."""
STREAM_PATIENCE = 3
"""How many times more often a stream is opened again than a call is made again: what it tells has long begun."""


@dataclass(frozen=True)
class RetryPolicy:
    """Bounded attempts with jittered exponential backoff; a wait that the server asks for is kept to.

    :param retries: attempts after the first.
    :param first_wait: seconds before the second attempt; doubled for each further one, up to `longest_wait`.
    """

    retries: int
    first_wait: float = FIRST_WAIT
    longest_wait: float = LONGEST_WAIT

    def wait_after(self, failure: Failure, attempt: int, *, repeatable: bool) -> float | None:
        """Return the seconds to wait after the `attempt`-th attempt (from 1) failed, or None to give up.

        :param repeatable: the call may be made again although nobody knows what became of it.
        """
        if attempt > self.retries or not failure.passing or (failure.outcome_unknown and not repeatable):
            return None
        if failure.retry_after is not None:
            return failure.retry_after if failure.retry_after <= LONGEST_ASKED else None
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return backoff * random.uniform(0.5, 1.0)  # noqa: S311  # spreads clients out; nothing secret

    def for_streams(self) -> RetryPolicy:
        """Return the policy for a stream that had begun: a control plane may be restarted while a run goes on."""
        return RetryPolicy(self.retries * STREAM_PATIENCE, self.first_wait, self.longest_wait * 2.5)
