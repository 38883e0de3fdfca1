"""The one way from blocking code into coroutines, and the shape of a verb that has both forms."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    import asyncio

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


_cancelling: list[Callable[[], None]] = []
"""How to end what `run_calls` waits for in the main thread, the innermost last."""


def run_calls(start: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """As `run_sync`, for calls over a network, in which no code of the user runs.

    An interrupt (see `interrupt_calls`) cancels them where they wait, so that each stream is closed in order. One that
    is raised in the middle of the event loop can hit the call-back which would have told that a stream is closed: then
    the loop waits for it without end.

    :raises KeyboardInterrupt: they were interrupted.
    """
    if loop_is_running() or threading.current_thread() is not threading.main_thread():
        return run_sync(start)
    import asyncio

    interrupted = False
    waiting: asyncio.Task[Any] | None = None

    async def main() -> R:
        nonlocal waiting
        waiting = asyncio.current_task()
        if interrupted:
            raise asyncio.CancelledError
        return await start()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        def cancel() -> None:
            nonlocal interrupted
            interrupted = True
            if waiting is not None:
                loop.call_soon_threadsafe(waiting.cancel)

        _cancelling.append(cancel)
        try:
            result = runner.run(main())
        except asyncio.CancelledError:
            if interrupted:
                raise KeyboardInterrupt from None
            raise
        finally:
            _cancelling.remove(cancel)
    if interrupted:
        raise KeyboardInterrupt
    return result


def interrupt_calls() -> bool:
    """Cancel what `run_calls` waits for in the main thread; False where it waits for nothing. For signal handlers."""
    if not _cancelling:
        return False
    _cancelling[-1]()
    return True


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


def silence_grpc_polling_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle what an event loop could not: drop the BlockingIOError of gRPC's poller, and pass on everything else.

    For ``loop.set_exception_handler``. gRPC's poller reads from a socket that another of its threads may have emptied
    just now; nothing is lost by it (https://github.com/grpc/grpc/issues/25364).
    """
    if isinstance(context.get("exception"), BlockingIOError) and "PollerCompletionQueue" in repr(context.get("handle")):
        return
    loop.default_exception_handler(context)


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
