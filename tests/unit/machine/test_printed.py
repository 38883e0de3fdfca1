"""Lines of a log: whole, in order, each once, with the times at which they came."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from flytectl_py.machine.printed import LONGEST_LINE, keep_times, lines_of


async def _all(file: Path) -> list[tuple[str, float]]:
    return [
        (each.message, each.timestamp.ToNanoseconds() / 1e9)
        async for lines in lines_of(file, lambda: True)
        for each in lines
    ]


def texts(file: Path) -> list[str]:
    return [text for text, _ in asyncio.run(_all(file))]


def test_whole_lines_and_what_stands_behind_the_last_break(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    file.write_bytes(b"one\n\ntwo \xff\nrest")
    assert texts(file) == ["one\n", "\n", "two \ufffd\n", "rest\n"]


def test_a_log_without_a_file_has_no_lines(tmp_path: Path) -> None:
    assert texts(tmp_path / "none.log") == []


def test_a_line_without_an_end_is_told_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    file.write_bytes(b"x" * (LONGEST_LINE * 3))
    found = texts(file)
    assert "".join(each.rstrip("\n") for each in found) == "x" * (LONGEST_LINE * 3)


def test_lines_are_told_as_they_come_with_their_times(tmp_path: Path) -> None:
    file = tmp_path / "1.log"
    told: asyncio.Queue[str] = asyncio.Queue()
    spans = []
    ended = False

    async def write() -> None:
        nonlocal ended
        with file.open("ab", buffering=0) as out:
            for number in range(3):
                began = time.time()
                out.write(f"line {number}".encode())
                await asyncio.sleep(0.05)
                assert told.empty()  # half a line is no line
                out.write(b"\n")
                assert await told.get() == f"line {number}\n"
                while not noted(file).endswith(f"{file.stat().st_size} "):
                    await asyncio.sleep(0.01)
                spans.append((began - 0.001, time.time()))  # times are cut to milliseconds
        ended = True

    async def read() -> None:
        async for lines in lines_of(file, lambda: ended):
            for each in lines:
                told.put_nowait(each.message)

    async def both() -> None:
        noting = asyncio.create_task(keep_times(file))
        await asyncio.gather(write(), read())
        noting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await noting

    asyncio.run(both())
    later = asyncio.run(_all(file))
    assert [text for text, _ in later] == ["line 0\n", "line 1\n", "line 2\n"]
    assert all(began <= when <= noticed for (_, when), (began, noticed) in zip(later, spans, strict=True))


def noted(file: Path) -> str:
    """Return the last size of the log that was noted, and a blank."""
    try:
        *_, size, _ = file.with_suffix(".times").read_text().split()
    except (FileNotFoundError, ValueError):
        return ""
    return f"{size} "


def test_what_is_printed_between_the_last_look_and_the_end_has_a_time(tmp_path: Path) -> None:
    file = tmp_path / "1.log"

    async def write() -> None:
        noting = asyncio.create_task(keep_times(file))
        await asyncio.sleep(0)
        file.write_bytes(b"quick\n")
        noting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await noting

    asyncio.run(write())
    began = time.time()
    time.sleep(0.3)
    ((_, when),) = asyncio.run(_all(file))
    assert when <= began
