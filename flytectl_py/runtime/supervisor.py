"""Ends an attempt from outside its code: at a signal, or when its time is over; writes the outcome first."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from flytectl_py.runtime.outcome import Outcome
from flytectl_py.wire.failures import Failure

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
_TICK = 0  # the byte of a message that is no signal
WRITING_SECONDS = 15.0
"""How long an outcome may still take once the container has to end; Kubernetes gives 30 s in all by default."""


class Supervisor:
    """A thread beside the user's code, which has the main one: that may be deep in a C library when a signal comes.

    A handler of the user's own for a signal replaces this one's.
    """

    def __init__(self, flush: Callable[[], None] | None = None) -> None:
        """:param flush: sees to it that what was printed arrives where it is read."""
        self._flush = flush or sys.stdout.flush
        self._outcome: Outcome | None = None
        self._deadline: tuple[float, Failure] | None = None
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)  # as it is called

    def start(self) -> None:
        """Take the signals; only in the main thread."""
        for name in _SIGNALS:
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        # The thread hears of a signal at once through the descriptor, even while the main thread runs no Python.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="flyte-supervisor", daemon=True).start()
        # What the user's code forks is not the attempt: `multiprocessing` ends its children by SIGTERM, and the
        # descriptor is shared with them.
        os.register_at_fork(after_in_child=self._leave)

    def look_after(self, outcome: Outcome) -> None:
        """Write to `outcome` how the attempt ended, should it be ended."""
        self._deadline = None
        self._outcome = outcome

    def rest(self) -> None:
        """No attempt runs: a signal ends the process, and there is nothing to write."""
        self._deadline = None
        self._outcome = None

    def leave_interrupts(self) -> None:
        """Let the first SIGINT reach the task's code as KeyboardInterrupt: what it waits for is given up then.

        Another one tells nothing new, and would break that off.
        """

        def interrupt(number: int, frame: FrameType | None) -> None:
            del frame
            signal.signal(number, signal.SIG_IGN)
            raise KeyboardInterrupt

        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, interrupt)

    def end_after(self, seconds: float, failure: Failure) -> None:
        """End the attempt with `failure` once `seconds` have passed."""
        self._deadline = (time.monotonic() + seconds, failure)
        self._wake(_TICK)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Tell the thread once more: an event loop of the user's may have taken the descriptor."""
        del frame
        self._wake(number)

    def _leave(self) -> None:
        """Leave the signals of a child to itself."""
        signal.set_wakeup_fd(-1)
        for name in _SIGNALS:
            number = getattr(signal, name)
            if self._is_ours(number):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def _wake(self, byte: int) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it wakes anyway
            os.write(self._write, bytes([byte]))

    def _watch(self) -> None:
        while True:
            deadline = self._deadline
            wait = None if deadline is None else max(0.0, deadline[0] - time.monotonic())
            ready, _, _ = select.select([self._read], [], [], wait)
            if ready:
                for number in os.read(self._read, 64):
                    if number != _TICK and self._is_ours(number):
                        self._end(_interrupted(number), 128 + number)
            elif deadline is not None:
                self._end(deadline[1], 0)

    def _is_ours(self, number: int) -> bool:
        return signal.getsignal(number) == self._on_signal

    def _end(self, failure: Failure, code: int) -> None:
        from flytectl_py.runtime.failing import say

        outcome = self._outcome
        if outcome is None:
            os._exit(code)
        if outcome.is_taken():
            # It is being written, or is written: then the process is about to end by itself.
            outcome.wait(WRITING_SECONDS)
            time.sleep(0.5)
        else:
            say(failure)
            # A store may be away for longer than there is time.
            threading.Thread(target=outcome.fail, args=(failure,), daemon=True).start()
            outcome.wait(WRITING_SECONDS)
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
            self._flush()
        os._exit(code)


def _interrupted(number: int) -> Failure:
    from flytectl_py.runtime.failing import interrupted

    return interrupted(signal.Signals(number).name)
