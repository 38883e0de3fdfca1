"""How a task call reaches whatever runs tasks, without the task knowing what that is.

An engine sets `current_dispatcher` for the time of a run. Where it is unset a task is a plain function.
"""

from __future__ import annotations

import functools
import inspect
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

    def trace(self, name: str, function: Callable[[], R]) -> R:
        """Record a traced call of a plain function."""

    def trace_async(self, name: str, function: Callable[[], Awaitable[R]]) -> Awaitable[R]:
        """Record a traced call of a coroutine function."""

    def trace_stream(self, name: str, function: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        """Record a traced call of an async generator, as one call from its first to its last item."""


current_dispatcher: ContextVar[Dispatcher | None] = ContextVar("flyte_dispatcher", default=None)


def trace(func: Callable[P, R]) -> Callable[P, R]:
    """Record each call of `func` as a step of the task that calls it, with its time and outcome.

    Works with functions, coroutine functions and async generators. Outside a run it is `func` itself.
    """
    name = func.__name__
    if inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        async def stream(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Any]:
            dispatcher = current_dispatcher.get()
            source = functools.partial(func, *args, **kwargs)
            async for item in source() if dispatcher is None else dispatcher.trace_stream(name, source):
                yield item

        return cast(Callable[P, R], stream)
    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            dispatcher = current_dispatcher.get()
            if dispatcher is None:
                return await func(*args, **kwargs)
            return await dispatcher.trace_async(name, functools.partial(func, *args, **kwargs))

        return cast(Callable[P, R], coroutine)

    @functools.wraps(func)
    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        dispatcher = current_dispatcher.get()
        if dispatcher is None:
            return func(*args, **kwargs)
        return dispatcher.trace(name, functools.partial(func, *args, **kwargs))

    return plain
