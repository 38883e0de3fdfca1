"""The one way from blocking code into coroutines, and the shape of a verb that has both forms."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def loop_is_running() -> bool:
    """Whether this thread is inside an event loop, asked without importing asyncio."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def run_sync(start: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Run the coroutine that `start` makes to its end and return its value.

    Inside a running event loop (a notebook, an async program) it runs on a loop of its own in another thread, in a copy
    of the caller's context, while the caller waits.
    """
    import asyncio

    async def main() -> R:
        return await start()

    if not loop_is_running():
        return asyncio.run(main())
    return run_in_thread(lambda: asyncio.run(main()))


def run_in_thread(function: Callable[[], R]) -> R:
    """Run `function` on a daemon thread, in a copy of the caller's context; wait for it and return its value."""
    outcome: list[R] = []
    failure: list[BaseException] = []
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome.append(context.run(function))
        except BaseException as error:  # noqa: BLE001  it is raised again in the calling thread
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


class Verb(Generic[P, R]):
    """A blocking function with its awaitable form beside it: ``flyte.run(…)`` and ``await flyte.run.aio(…)``."""

    def __init__(self, blocking: Callable[P, R], aio: Callable[P, Any]) -> None:
        self._blocking = blocking
        self.aio = aio
        self.__name__ = blocking.__name__
        self.__doc__ = blocking.__doc__
        self.__wrapped__ = blocking

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._blocking(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"
