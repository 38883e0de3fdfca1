"""What attempts have printed: lines of a file that may still grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from flyteidl2.logs.dataplane.payload_pb2 import LogLine, LogLineOriginator

TICK_SECONDS = 0.1
AT_ONCE = 1 << 18
"""Bytes that are read in one go."""
LONGEST_LINE = 1 << 16
"""Bytes after which a line is told of in pieces."""


async def lines_of(file: Path, has_ended: Callable[[], bool]) -> AsyncIterator[list[LogLine]]:
    """Yield the lines of a file, a few at a time, until its writer has ended and all is told.

    The time of a line is when it was first seen here, or when the file was last written, whichever came first.
    """
    position = 0
    rest = b""
    while True:
        ended = has_ended()
        piece, written = _read(file, position)
        position += len(piece)
        *whole, rest = (rest + piece).split(b"\n")
        if (ended and not piece) or len(rest) > LONGEST_LINE:
            whole, rest = [*whole, *([rest] if rest else [])], b""
        if whole:
            yield [_line(each, written) for each in whole]
        if ended and not piece:
            return
        if not piece:
            await asyncio.sleep(TICK_SECONDS)


def _read(file: Path, position: int) -> tuple[bytes, datetime]:
    now = datetime.now(UTC)
    try:
        with file.open("rb") as opened:
            opened.seek(position)
            piece = opened.read(AT_ONCE)
            return piece, min(now, datetime.fromtimestamp(file.stat().st_mtime, UTC))
    except FileNotFoundError:
        return b"", now  # nothing was printed yet


def _line(content: bytes, when: datetime) -> LogLine:
    made = LogLine(message=content.decode("utf-8", "replace") + "\n", originator=LogLineOriginator.USER)
    made.timestamp.FromDatetime(when)
    return made
