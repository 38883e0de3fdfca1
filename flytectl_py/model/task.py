"""A task: a function of the user's with the settings under which it runs."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, TypeVar

from flytectl_py.errors import DeclarationError, did_you_mean
from flytectl_py.model.cache import Cache, CacheRequest
from flytectl_py.model.dispatch import dispatcher
from flytectl_py.model.interface import Interface
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.retry import RetryStrategy, Timeout, TimeoutType

if TYPE_CHECKING:
    from flytectl_py.model.environment import TaskEnvironment

P = ParamSpec("P")
R = TypeVar("R")

MAX_INLINE_IO_BYTES = 10 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Documentation:
    """What a user interface says of a task; its function's docstring unless given."""

    description: str


class TaskSettings(NamedTuple):
    """Everything that ``@env.task(…)`` takes, checked. `max_inline_io_bytes` bounds what one action takes or gives."""

    cache: Cache
    retries: RetryStrategy
    timeout: Timeout | None
    docs: Documentation | None = None
    pod_template: str | PodTemplate | None = None
    report: bool = False
    interruptible: bool | None = None
    max_inline_io_bytes: int = MAX_INLINE_IO_BYTES


class Task(Generic[P, R]):
    """A function that can run anywhere. Calling it inside a run makes an action of that run; outside, a plain call.

    `name` is ``environment.function``. ``aio(…)`` is the awaitable form of a call, for tasks of either kind.
    """

    def __init__(
        self, function: Callable[P, R], environment: TaskEnvironment, short_name: str, settings: TaskSettings
    ) -> None:
        self.func = function
        self.environment = environment
        self.short_name = short_name
        self.settings = settings
        self.is_async = inspect.iscoroutinefunction(function)
        functools.update_wrapper(self, function)

    @property
    def name(self) -> str:
        return f"{self.environment.name}.{self.short_name}"

    @functools.cached_property
    def interface(self) -> Interface:
        """Inputs and outputs, read from the signature on first use.

        :raises DeclarationError: the signature cannot be a task's.
        """
        return Interface.of(self.func)

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        found = dispatcher()
        if found is None:
            return self.func(*args, **kwargs)
        if self.is_async:
            return found.call_async(self, args, kwargs)  # type: ignore[return-value]  # R is then a coroutine
        return found.call(self, args, kwargs)  # type: ignore[no-any-return]

    async def aio(self, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the task and await its value. A plain function runs on a thread of its own, so that calls overlap."""
        found = dispatcher()
        if found is not None:
            return await found.call_async(self, args, kwargs)
        if self.is_async:
            return await self.func(*args, **kwargs)  # type: ignore[misc]  # R is a coroutine
        import asyncio

        return await asyncio.to_thread(self.func, *args, **kwargs)

    def override(self, *, short_name: str | None = None, **changes: Any) -> Task[P, R]:
        """Return the same function as a task with other settings: ``task.override(retries=3)``.

        :raises DeclarationError: a setting that does not exist, or a wrong value.
        """
        known = TaskSettings._fields
        for name, value in changes.items():
            if name not in known:
                raise DeclarationError(
                    f"{self.name}.override({name}=…)",
                    value,
                    f"it takes short_name, {', '.join(known)}",
                    suggestion=did_you_mean(name, known),
                )
        settings = self.settings._replace(**_checked(changes))
        return Task(self.func, self.environment, short_name or self.short_name, settings)

    def __repr__(self) -> str:
        return f"<task {self.name}>"

    def __reduce__(self) -> Any:
        """Pickle a task that a module holds by its place in there, as functions are: for pools of processes."""
        function = self.func
        holder = sys.modules.get(function.__module__)
        if function.__module__ == "__main__" or getattr(holder, function.__qualname__, None) is not self:
            return super().__reduce__()
        return _task_of, (function.__module__, function.__qualname__)


def _task_of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def make_settings(
    *,
    cache: CacheRequest,
    retries: int | RetryStrategy,
    timeout: TimeoutType,
    docs: Documentation | None,
    pod_template: str | PodTemplate | None,
    report: bool,
    interruptible: bool | None,
    max_inline_io_bytes: int,
) -> TaskSettings:
    """Check what ``@env.task(…)`` was given.

    :raises DeclarationError: a value that its parameter cannot take.
    """
    given = {"cache": cache, "retries": retries, "timeout": timeout, "max_inline_io_bytes": max_inline_io_bytes}
    return TaskSettings(
        docs=docs, pod_template=pod_template, report=report, interruptible=interruptible, **_checked(given)
    )


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    checked = dict(given)
    if "cache" in given:
        checked["cache"] = Cache.of(given["cache"])
    if "retries" in given:
        checked["retries"] = RetryStrategy.of(given["retries"])
    if "timeout" in given:
        checked["timeout"] = Timeout.of(given["timeout"])
    limit = given.get("max_inline_io_bytes", MAX_INLINE_IO_BYTES)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise DeclarationError("task(max_inline_io_bytes=…)", limit, "give a number of bytes, 0 or more")
    return checked
