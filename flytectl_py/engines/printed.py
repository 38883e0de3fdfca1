"""Tells who printed what: each action's own text on ``sys.stdout`` and ``sys.stderr``, while it is printed as always.

The streams stay the objects that they are, so whatever else holds them, such as a logging handler, goes on as
before: only their ``write`` is looked at. What goes past it is not seen: bytes written to the stream's
``buffer`` or its file descriptor, and what other processes print.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from flytectl_py.model.context import current_context
from flytectl_py.model.dispatch import in_stray_thread

Listener = Callable[[int, int, str], None]
"""Takes the action's number, the stream (1 is stdout, 2 stderr) and the text."""

_listeners: dict[str, Listener] = {}
_watched: list[tuple[Any, Any]] = []
_lock = threading.Lock()


def listen(run: str, listener: Listener) -> None:
    """Tell `listener` what the actions of `run` print, until `stop_listening`."""
    with _lock:
        if not _listeners:
            _watched.extend(
                (stream, write)
                for number, stream in ((1, sys.stdout), (2, sys.stderr))
                if (write := _watch(stream, number)) is not None
            )
        _listeners[run] = listener


def stop_listening(run: str) -> None:
    """Tell nobody any more of `run`."""
    with _lock:
        if _listeners.pop(run, None) is None or _listeners:
            return
        for stream, write in _watched:
            if vars(stream).get("write") is write:
                del stream.write
        _watched.clear()


def _watch(stream: Any, number: int) -> Any:
    """Look at what is written to `stream`; return what does, or None if the stream is of a kind that has no room."""
    write_through = getattr(stream, "write", None)
    if write_through is None:
        return None

    def write(text: str) -> Any:
        done = write_through(text)
        told = _listener()
        if told is not None and isinstance(text, str):
            told[0](told[1], number, text)
        return done

    try:
        if "write" in vars(stream):
            return None  # Somebody else looks at it already, and may take that back when we do not expect it.
        stream.write = write
    except (AttributeError, TypeError):
        return None
    return write


def _listener() -> tuple[Listener, int] | None:
    """Return who listens to the running action, and its number."""
    context = current_context.get()
    if context is not None:
        found = _listeners.get(context.action.run_name)
        return None if found is None else (found, int(context.action.name[1:]))
    if len(_listeners) == 1 and in_stray_thread():
        # A thread that the user's code has started: nobody knows by which action, but which run is known.
        return next(iter(_listeners.values())), 0
    return None
