"""Reuse: containers that stay up between tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.model.duration import duration_of

SHORTEST_TTL = 30.0
"""Seconds; a Flyte 2 cluster refuses less."""

_SCOPES = ("global", "run")


@dataclass(frozen=True)
class ReusePolicy:
    """Keep containers for the next tasks of the environment; processes are shared, and so is their memory.

    Whatever form is given, `replicas` is held as ``(least, most)`` and both times as timedeltas.

    :param replicas: how many containers, a number or ``(least, most)``; the most is 1 or more.
    :param idle_ttl: the environment ends after so long without a task; seconds or a timedelta, 30 s or more.
    :param concurrency: how many tasks one container runs at a time; above 1 they must be coroutines.
    :param scaledown_ttl: one container ends after so long without a task; as `idle_ttl`.
    :param scope: whether runs share the containers (``global``) or each has its own (``run``).
    :raises DeclarationError: a value that is not allowed.
    """

    replicas: int | tuple[int, int] = 2
    idle_ttl: int | timedelta = 30
    concurrency: int = 1
    scaledown_ttl: int | timedelta = 30
    scope: Literal["global", "run"] = "global"

    def __post_init__(self) -> None:
        object.__setattr__(self, "replicas", _replicas(self.replicas))
        object.__setattr__(self, "idle_ttl", duration_of("ReusePolicy(idle_ttl=…)", self.idle_ttl, SHORTEST_TTL))
        scaledown = duration_of("ReusePolicy(scaledown_ttl=…)", self.scaledown_ttl, SHORTEST_TTL)
        object.__setattr__(self, "scaledown_ttl", scaledown)
        if not _is_count(self.concurrency) or self.concurrency < 1:
            raise DeclarationError("ReusePolicy(concurrency=…)", self.concurrency, "give a number, 1 or more")
        if self.scope not in _SCOPES:
            suggestion = did_you_mean(str(self.scope), _SCOPES)
            raise DeclarationError("ReusePolicy(scope=…)", self.scope, "give 'global' or 'run'", suggestion=suggestion)

    @property
    def min_replicas(self) -> int:
        """The least number of containers."""
        return cast("tuple[int, int]", self.replicas)[0]

    @property
    def max_replicas(self) -> int:
        """The largest number of containers."""
        return cast("tuple[int, int]", self.replicas)[1]

    @property
    def ttl(self) -> timedelta:
        """How long the environment lives without a task."""
        return cast("timedelta", self.idle_ttl)

    def get_scaledown_ttl(self) -> timedelta:
        """Return how long one container lives without a task."""
        return cast("timedelta", self.scaledown_ttl)


def _replicas(value: object) -> tuple[int, int]:
    given = (value, value) if _is_count(value) else value
    allowed = "give a number, 1 or more, or (least, most)"
    if not isinstance(given, tuple) or len(given) != 2 or not all(_is_count(each) for each in given):
        raise DeclarationError("ReusePolicy(replicas=…)", value, allowed)
    least, most = given
    if least > most:
        suggestion = f"did you mean {(most, least)}?"
        raise DeclarationError("ReusePolicy(replicas=…)", value, "the least is above the most", suggestion=suggestion)
    if least < 0 or most < 1:
        raise DeclarationError("ReusePolicy(replicas=…)", value, allowed)
    return least, most


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
