"""Signals that end a run: the first one lets it clean up, the second one ends it at once."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from flytectl_py.bridge import interrupt_calls

_PATIENCE_SECONDS = 2.0
"""How long what was told to end may go on before somebody is told how to end it at once."""
_ONE_SECONDS = 0.5
"""What comes within that time is one signal: who starts a command often hands on what a terminal has sent to both."""

_received: list[int] = []
_before: dict[int, Any] = {}
_pipe: list[int] = []


def take_signals() -> None:
    """Answer SIGINT, SIGTERM and SIGHUP, unless whoever started the process has them ignored (``nohup``)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP.
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            _before[number] = signal.signal(number, _end)
    if hasattr(os, "register_at_fork"):
        # What the user's code forks is not the run: `multiprocessing` ends its children by SIGTERM.
        os.register_at_fork(after_in_child=_give_back)
        _pipe.extend(os.pipe())
        os.set_blocking(_pipe[1], False)  # as `set_wakeup_fd` wants it
        signal.set_wakeup_fd(_pipe[1], warn_on_full_buffer=False)
        # Not one of `threading`: nobody waits for it, and no program finds it among its own.
        _thread.start_new_thread(_watch, (_pipe[0],))


def ended_by() -> int:
    """Return the signal that ended the run, SIGINT unless another one came."""
    return _received[0] if _received else signal.SIGINT


def _give_back() -> None:
    for number, handler in _before.items():
        if signal.getsignal(number) is _end:
            signal.signal(number, handler)
    if _pipe:
        # What the copy gets would else be heard in the run.
        other = signal.set_wakeup_fd(-1)
        if other not in (_pipe[1], -1):
            signal.set_wakeup_fd(other)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    _received.append(number)
    if len(_received) > 1:
        _end_at_once(_received[0])
    if not interrupt_calls():
        raise KeyboardInterrupt


def _end_at_once(number: int) -> None:
    """End what waits for something that cannot be interrupted, such as a thread at the end of an event loop."""
    _say("error: interrupted again, ended at once")
    os._exit(128 + number)


def _watch(pipe: int) -> None:
    """See to it that signals end the run: Python's handlers wait while a function in C runs, and code may catch all."""
    import select

    first = _next_signal(pipe)
    time.sleep(_ONE_SECONDS)
    while select.select([pipe], [], [], 0)[0]:
        os.read(pipe, 64)
    if not select.select([pipe], [], [], _PATIENCE_SECONDS - _ONE_SECONDS)[0]:
        again = "Ctrl-C again" if first == signal.SIGINT else "a second signal"
        _say(f"flyte: it was told to end, and has not ended yet; {again} ends it at once")
    _next_signal(pipe)
    time.sleep(_ONE_SECONDS)  # The handler is faster where it can be called.
    _end_at_once(first)


def _next_signal(pipe: int) -> int:
    """Wait for the next signal that is answered here."""
    while True:
        for number in os.read(pipe, 1):
            if signal.getsignal(number) is _end:
                return number


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # Nobody reads it.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{text}\n".encode())
