"""Daemon threads for task code that blocks: reused while idle, never waited for when the process ends."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

R = TypeVar("R")

_IDLE_SECONDS = 10.0


class Call(Generic[R]):
    """One call on a worker thread. `on_done`, if given, is called on that thread once the call has ended."""

    def __init__(self, function: Callable[[], R], on_done: Callable[[], object] | None = None) -> None:
        self._function = function
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._done = threading.Event()
        self._value: R | None = None
        self._error: BaseException | None = None

    def execute(self) -> None:
        """Run the call on the current thread and keep its outcome."""
        try:
            self._value = self._context.run(self._function)
        except BaseException as error:  # noqa: BLE001  it is raised again by result()
            self._error = error
        self._done.set()
        if self._on_done is not None:
            self._on_done()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the call has ended, at most `seconds`; return whether it has."""
        return self._done.wait(seconds)

    def result(self) -> R:
        """Return the value of a call that has ended, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set by execute()


class Workers:
    """As many threads as there are calls at once. No call waits for a free thread, so nested calls cannot deadlock."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call[Any]] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def submit(self, function: Callable[[], R], on_done: Callable[[], object] | None = None) -> Call[R]:
        """Start `function` on a thread, in a copy of the caller's context."""
        call = Call(function, on_done)
        with self._lock:
            needs_thread = self._idle == 0
            if not needs_thread:
                self._idle -= 1
        self._calls.put(call)
        if needs_thread:
            threading.Thread(target=self._work, name="flyte-task", daemon=True).start()
        return call

    def _work(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    # A call may have been promised to an idle thread just now: then one of them must stay for it.
                    if self._idle > 0:
                        self._idle -= 1
                        return
                continue
            call.execute()
            del call
            with self._lock:
                self._idle += 1


workers = Workers()
