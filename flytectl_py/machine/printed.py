"""What attempts have printed: lines of a file that may still grow, and when each of them came."""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from flyteidl2.logs.dataplane.payload_pb2 import LogLine, LogLineOriginator

TICK_SECONDS = 0.1
AT_ONCE = 1 << 18
"""Bytes that are read in one go."""
LONGEST_LINE = 1 << 16
"""Bytes after which a line is told of in pieces."""


async def keep_times(file: Path) -> None:
    """Note how far a log has come, and when, for as long as this runs; once more when it is cancelled."""
    size = _size(file)
    try:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            size = _note(file, size)
    finally:
        _note(file, size)


async def lines_of(file: Path, has_ended: Callable[[], bool]) -> AsyncIterator[list[LogLine]]:
    """Yield the lines of a file, a few at a time, until its writer has ended and all is told.

    The time of a line is when it was noted first, to a tenth of a second.
    """
    position = told = 0
    rest = b""
    while True:
        ended = has_ended()
        piece = _read(file, position)
        position += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        if rest and ((ended and not piece) or len(rest) > LONGEST_LINE):
            whole, rest = [*whole, rest], b""
        if whole:
            times = _times(file)
            lines = []
            for each in whole:
                told = min(told + len(each) + 1, position)
                lines.append(_line(each, _moment(times, told)))
            yield lines
        if ended and not piece:
            return
        if not piece:
            await asyncio.sleep(TICK_SECONDS)


def _note(file: Path, known: int) -> int:
    """Add a line to the times of a log where it has grown; return its size."""
    size = _size(file)
    if size > known:
        with _beside(file).open("a", encoding="ascii") as out:
            # Whole milliseconds, cut off: a line never has a time at which it was not there yet for whoever asks next.
            milliseconds = time.time_ns() // 1_000_000
            out.write(f"{size} {milliseconds // 1000}.{milliseconds % 1000:03}\n")
    return size


def _times(file: Path) -> list[tuple[int, float]]:
    """Return sizes of a log, growing, each with the moment at which it had that size."""
    try:
        lines = _beside(file).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return []
    pairs = (each.split(" ") for each in lines)
    # The last line may be half written.
    return [(int(pair[0]), float(pair[1])) for pair in pairs if len(pair) == 2 and pair[1]]


def _moment(times: list[tuple[int, float]], end: int) -> float:
    """Return when a log had come as far as `end`; now, where nobody has noted it yet."""
    at = bisect.bisect_left(times, (end, 0.0))
    return times[at][1] if at < len(times) else time.time()


def _read(file: Path, position: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(position)
            return opened.read(AT_ONCE)
    except FileNotFoundError:
        return b""  # nothing was printed yet


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _beside(file: Path) -> Path:
    return file.with_suffix(".times")


def _line(content: bytes, when: float) -> LogLine:
    made = LogLine(message=content.decode("utf-8", "replace") + "\n", originator=LogLineOriginator.USER)
    made.timestamp.FromMilliseconds(int(when * 1000))
    return made
