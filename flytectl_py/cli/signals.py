"""Signals that end a run: the first one lets it clean up, the second one ends it at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

from flytectl_py.bridge import interrupt_calls

_received: list[int] = []
_before: dict[int, Any] = {}


def take_signals() -> None:
    """Answer SIGINT, SIGTERM and SIGHUP, unless whoever started the process has them ignored (``nohup``)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP.
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            _before[number] = signal.signal(number, _end)
    if hasattr(os, "register_at_fork"):
        # What the user's code forks is not the run: `multiprocessing` ends its children by SIGTERM.
        os.register_at_fork(after_in_child=_give_back)


def ended_by() -> int:
    """Return the signal that ended the run, SIGINT unless another one came."""
    return _received[0] if _received else signal.SIGINT


def _give_back() -> None:
    for number, handler in _before.items():
        if signal.getsignal(number) is _end:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    _received.append(number)
    if len(_received) > 1:
        # Something waits that cannot be interrupted, such as a thread at the end of an event loop.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"error: interrupted again, ended at once\n")
        os._exit(128 + _received[0])
    if not interrupt_calls():
        raise KeyboardInterrupt
