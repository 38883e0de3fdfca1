"""Blocking work for callers on an event loop: on a daemon thread, which never keeps the process from ending."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


async def aside(work: Callable[[], R]) -> R:
    """Return what `work` returns, which runs on a thread of its own in a copy of the caller's context.

    A caller that is cancelled goes on at once; the work runs to its end and its outcome is dropped.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[R] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: R | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(value)  # type: ignore[arg-type]  # None only where R has it

    def run() -> None:
        value: R | None = None
        error: BaseException | None = None
        try:
            value = context.run(work)
        except BaseException as raised:  # noqa: BLE001  raised again where it is awaited
            # A future takes no StopIteration.
            error = RuntimeError(repr(raised)) if isinstance(raised, StopIteration) else raised
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name="flyte-data", daemon=True).start()
    return await done
