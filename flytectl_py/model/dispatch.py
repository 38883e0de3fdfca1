"""How a task call reaches whatever runs tasks, without the task knowing what that is.

An engine sets `current_dispatcher` for the time of a run. Where it is unset a task is a plain function.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from flytectl_py.model.task import Task

P = ParamSpec("P")
R = TypeVar("R")


class Dispatcher(Protocol):
    """What an engine offers to the tasks that it runs."""

    def call(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run `task` as a child of the running action and return its value. Blocks; for plain functions."""

    def call_async(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Any]:
        """Run `task` as a child of the running action. For coroutine tasks, and for the ``aio`` form of any task."""

    def note(self, text: str) -> None:
        """Tell the person who watches."""

    def trace(self, name: str, function: Callable[[], R]) -> R:
        """Record a traced call of a plain function."""

    def trace_async(self, name: str, function: Callable[[], Awaitable[R]]) -> Awaitable[R]:
        """Record a traced call of a coroutine function."""

    def trace_stream(self, name: str, function: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        """Record a traced call of an async generator, as one call from its first to its last item."""


current_dispatcher: ContextVar[Dispatcher | None] = ContextVar("flyte_dispatcher", default=None)
runs_of_process: list[Dispatcher] = []
"""What the runs that are under way in this process dispatch with."""


def dispatcher() -> Dispatcher | None:
    """Return who runs a task that is called here, or None where a task is a plain function.

    A thread that the user's code has started does not know the run that it belongs to (a ContextVar does not follow).
    Where there is just one run, it is that one.
    """
    found = current_dispatcher.get()
    if found is None and len(runs_of_process) == 1 and in_stray_thread():
        return runs_of_process[0]
    return found


def in_stray_thread() -> bool:
    """Whether this is a thread of the user's own, to which no run is known: not the main one, not one with a loop."""
    if current_dispatcher.get() is not None or threading.current_thread() is threading.main_thread():
        return False
    asyncio = sys.modules.get("asyncio")
    return asyncio is None or asyncio._get_running_loop() is None


def trace(func: Callable[P, R]) -> Callable[P, R]:
    """Record each call of `func` as a step of the task that calls it, with its time and outcome.

    Works with functions, coroutine functions and async generators. Outside a run it is `func` itself.
    """
    name = func.__name__
    if inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        async def stream(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Any]:
            found = dispatcher()
            source = functools.partial(func, *args, **kwargs)
            async for item in source() if found is None else found.trace_stream(name, source):
                yield item

        return cast(Callable[P, R], stream)
    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            found = dispatcher()
            if found is None:
                return await func(*args, **kwargs)
            return await found.trace_async(name, functools.partial(func, *args, **kwargs))

        return cast(Callable[P, R], coroutine)

    @functools.wraps(func)
    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        found = dispatcher()
        if found is None:
            return func(*args, **kwargs)
        return found.trace(name, functools.partial(func, *args, **kwargs))

    return plain
