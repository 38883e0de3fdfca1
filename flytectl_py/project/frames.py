"""Tracebacks that show the user's frames only, and the place in the user's code where an error arose."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from traceback import FrameSummary, StackSummary, TracebackException
from typing import Any

_STANDARD = os.path.dirname(os.__file__)
_OURS = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), package) + os.sep
    for package in ("flytectl_py", "flyte")
)
_IMPORT = ("<frozen importlib", "<frozen runpy", "<frozen zipimport", os.path.join(_STANDARD, "importlib") + os.sep)
_MACHINERY = tuple(
    os.path.join(_STANDARD, name)
    for name in (f"asyncio{os.sep}", f"concurrent{os.sep}", "threading.py", "runpy.py", "contextlib.py", "functools.py")
)
_GENERATED = "<string>"
"""Code that was made while the program runs, as the `__init__` of a dataclass."""
_LONGEST = 20


def user_traceback(error: BaseException, hidden: Iterable[str] = (), *, under: BaseException | None = None) -> str:
    """Return the traceback of `error` as text, without the frames of this project and of what runs the user's code.

    Causes, contexts and groups are shown in the same way. Long recursions are shortened.

    :param hidden: further path prefixes whose frames are left out.
    :param under: an error that was raised because of this one; the frames that it passed through are shown above.
    """
    whole = TracebackException.from_exception(error, lookup_lines=False)
    if under is not None and under is not error:
        above = TracebackException.from_exception(under, lookup_lines=False)
        whole.stack = StackSummary.from_list([*above.stack, *whole.stack])
    ours = (*_OURS, *_IMPORT, *hidden)
    for part in _parts(whole):
        part.stack = _Shortened(_kept(part.stack, ours))
    return "".join(whole.format()).rstrip("\n")


def innermost_user_place(error: BaseException, hidden: Sequence[str] = ()) -> str:
    """Return ``file:line`` of the deepest frame in the user's own code, or an empty string.

    For a syntax error it is the place of the error itself. Frames in installed packages and in the standard library
    are the user's only where there are no others.

    :param hidden: folders whose frames are never shown, besides our own.
    """
    if isinstance(error, SyntaxError) and error.filename and os.path.isabs(error.filename):
        return f"{shown_path(error.filename)}:{error.lineno or 1}"
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    frames = [(file, line) for file, line in frames if not file.startswith((*_OURS, *_IMPORT, *_MACHINERY, *hidden))]
    own = [(file, line) for file, line in frames if _is_users(file)]
    if own:
        return f"{shown_path(own[-1][0])}:{own[-1][1]}"
    inner = [*(error.exceptions[:1] if isinstance(error, BaseExceptionGroup) else ()), error.__cause__]
    for each in inner:
        place = innermost_user_place(each, hidden) if each is not None else ""
        if place:
            return place
    return f"{shown_path(frames[-1][0])}:{frames[-1][1]}" if frames else ""


def shown_path(path: str) -> str:
    """Return `path` relative to the working directory if it lies in there, else as it is."""
    try:
        here = os.getcwd()
    except FileNotFoundError:  # It was removed under us.
        return path
    return path[len(here) + 1 :] if path.startswith(here + os.sep) else path


def _is_users(file: str) -> bool:
    installed = f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file
    return not installed and not file.startswith((_STANDARD + os.sep, "<"))


def _parts(whole: TracebackException) -> Iterator[TracebackException]:
    waiting: list[TracebackException | None] = [whole]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if part is not None and id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += [part.__cause__, part.__context__, *(part.exceptions or ())]


def _kept(stack: Sequence[FrameSummary], ours: tuple[str, ...]) -> list[FrameSummary]:
    """Drop our frames anywhere, and machinery where it leads or touches ours: elsewhere the user called it."""
    kept: list[FrameSummary] = []
    pending: list[FrameSummary] = []
    after_ours = True
    for frame in stack:
        if frame.filename.startswith(ours):
            pending, after_ours = [], True
        elif frame.filename.startswith(_MACHINERY) or frame.filename == _GENERATED:
            if not after_ours:
                pending.append(frame)
        else:
            kept += [*pending, frame]
            pending, after_ours = [], False
    kept += pending
    return kept


class _Shortened(StackSummary):
    """A stack of which only both ends are shown when it is long."""

    def format(self, **options: Any) -> list[str]:
        """Return the lines; `options` are whatever this Python's traceback module passes."""
        if len(self) <= 2 * _LONGEST:
            return super().format(**options)
        left_out = f"  … {len(self) - _LONGEST} frames are left out …\n"
        first, last = self[: _LONGEST // 2], self[-_LONGEST // 2 :]
        return [
            *StackSummary.from_list(first).format(**options),
            left_out,
            *StackSummary.from_list(last).format(**options),
        ]
