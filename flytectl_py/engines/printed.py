"""Tells who printed what: each action's own text on ``sys.stdout`` and ``sys.stderr``, while it is printed as always.

The streams stay the objects that they are, so whatever else holds them, such as a logging handler, goes on as
before: only their ``write`` is looked at. What goes past it is not seen: bytes written to the stream's
``buffer`` or its file descriptor, and what other processes print.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from flytectl_py.model.context import current_context
from flytectl_py.model.dispatch import in_stray_thread

if TYPE_CHECKING:
    from flytectl_py.engines.watching import Screen

Listener = Callable[[int, int, str], None]
"""Takes the action's number, the stream (1 is stdout, 2 stderr) and the text."""

_screen: Screen | None = None
_listeners: dict[str, Listener] = {}
_watched: list[tuple[Any, Any]] = []
_lock = threading.Lock()


def listen(run: str, listener: Listener) -> None:
    """Tell `listener` what the actions of `run` print, until `stop_listening`."""
    with _lock:
        _listeners[run] = listener
        _look()


def stop_listening(run: str) -> None:
    """Tell nobody any more of `run`."""
    with _lock:
        _listeners.pop(run, None)
        _look_away()


def draw_on(screen: Screen | None) -> None:
    """Let what is printed from now on ask `screen` for room; None ends that."""
    global _screen
    with _lock:
        _screen = screen
        if screen is not None:
            _look()
        else:
            _look_away()


def _look() -> None:
    if not _watched:
        pairs = ((stream, _watch(stream, number)) for number, stream in ((1, sys.stdout), (2, sys.stderr)))
        _watched.extend((stream, write) for stream, write in pairs if write is not None)


def _look_away() -> None:
    if _listeners or _screen is not None:
        return
    for stream, write in _watched:
        if vars(stream).get("write") is write:
            del stream.write, stream.flush
    _watched.clear()


def _watch(stream: Any, number: int) -> Any:
    """Look at what is written to `stream`; return what does, or None if the stream is of a kind that has no room."""
    write_through = getattr(stream, "write", None)
    if write_through is None:
        return None

    on_terminal = _is_terminal(stream)

    def write(text: str) -> Any:
        screen = _screen if on_terminal and text else None
        if screen is None:
            done = _unless_nobody_reads(stream, number, write_through, text)
        else:
            with screen:
                done = write_through(text)
                screen.wrote(text)
        told = _listener() if text and isinstance(text, str) else None
        if told is not None:
            told[0](told[1], number, text)
        return done

    try:
        if "write" in vars(stream):
            return None  # Somebody else looks at it already, and may take that back when we do not expect it.
        stream.write = write
        stream.flush = partial(_unless_nobody_reads, stream, number, stream.flush)
    except (AttributeError, TypeError):
        return None
    return write


def _unless_nobody_reads(stream: Any, number: int, function: Callable[..., Any], *given: Any) -> Any:
    """Call `function`. Where the reader has gone, as ``| head`` does, what is printed leads nowhere from now on."""
    try:
        return function(*given)
    except BrokenPipeError:
        if stream.fileno() != number:
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
        return len(given[0]) if given else None


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # It is closed, or no file at all.
        return False


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
