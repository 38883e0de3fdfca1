"""One call in a run, as the engine keeps it while it runs, and as the watchers are told of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from flytectl_py.engines.api import Phase
from flytectl_py.engines.failures import is_the_end, said
from flytectl_py.errors import FlyteError

if TYPE_CHECKING:
    from flytectl_py.engines.watching import Watcher
    from flytectl_py.model.task import Task

Kind = Literal["task", "trace"]
CacheUse = Literal["hit", "miss"]


class Action:
    """One call of a task, or of a traced function, in a run. It changes while it runs.

    :param number: counts from 0, the run's own task. :param parent: the number of its caller.
    :param task: None for a traced function. :param group: the name of the group of calls that it belongs to.
    """

    __slots__ = ("attempts", "cache", "error", "group", "kind", "name", "number", "parent", "phase", "seconds", "task")

    def __init__(
        self, number: int, parent: int | None, name: str, kind: Kind, task: Task[..., Any] | None, group: str | None
    ) -> None:
        self.number = number
        self.parent = parent
        self.name = name
        self.kind = kind
        self.task = task
        self.group = group
        self.attempts = 1
        self.cache: CacheUse | None = None
        self.phase: Phase | None = None
        self.seconds = 0.0
        self.error: tuple[str, str] | None = None


class Told:
    """A block that is one action, as the watchers are told of it."""

    __slots__ = ("_action", "_args", "_began", "_kwargs", "_value", "_watchers")

    def __init__(
        self, watchers: Sequence[Watcher], action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._watchers = watchers
        self._action = action
        self._args = args
        self._kwargs = kwargs
        self._value: Any = None

    def __enter__(self) -> Callable[[Any], Any]:
        for watcher in self._watchers:
            watcher.began(self._action, self._args, self._kwargs)
        self._began = time.perf_counter()
        return self._succeed

    def _succeed(self, value: Any) -> Any:
        self._value = value
        self._action.phase = Phase.SUCCEEDED
        return value

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        action = self._action
        action.seconds = time.perf_counter() - self._began
        if action.phase is None and error is not None:
            action.phase, action.error = end_of(error), reason_of(error)
        for watcher in self._watchers:
            watcher.ended(action, self._value)


UNTOLD: contextlib.AbstractContextManager[Callable[[Any], Any]] = contextlib.nullcontext(lambda value: value)


def end_of(error: BaseException) -> Phase:
    """Return how a run or an action ended that `error` has left."""
    closed = isinstance(error, GeneratorExit)  # From a task it comes wrapped, as any other exception.
    return Phase.ABORTED if closed or is_the_end(error) else Phase.FAILED


def reason_of(error: BaseException) -> tuple[str, str]:
    """Return the code and the message of `error`, as records keep them."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted", "interrupted"
    return error.code if isinstance(error, FlyteError) else type(error).__name__, said(error)
