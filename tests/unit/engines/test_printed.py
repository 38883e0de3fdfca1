"""Who printed what, without anything else noticing."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from flytectl_py.engines.printed import draw_on, listen, stop_listening
from flytectl_py.model.context import ActionID, TaskContext, current_context

Heard = list[tuple[int, int, str]]


@contextlib.contextmanager
def action(number: int, run: str = "run") -> Iterator[None]:
    context = TaskContext(ActionID(f"a{number}", run, "", "", ""), "t", "", "local", 1, "", "", "")
    token = current_context.set(context)
    try:
        yield
    finally:
        current_context.reset(token)


@pytest.fixture
def heard() -> Iterator[Heard]:
    found: Heard = []
    listen("run", lambda *piece: found.append(piece))
    yield found
    stop_listening("run")


def test_each_action_is_heard_by_itself_on_both_streams(capsys: pytest.CaptureFixture[str]) -> None:
    heard: Heard = []
    listen("run", lambda *piece: heard.append(piece))  # Here, since capsys changes the streams after fixtures.
    print("outside")
    with action(0):
        print("zero", end="")
        with action(1):
            print("one", file=sys.stderr, end="")
        sys.stdout.writelines(["a", "b"])
    with action(3, run="other"):
        print("not ours")
    stop_listening("run")
    assert heard == [(0, 1, "zero"), (1, 2, "one"), (0, 1, "a"), (0, 1, "b")]
    assert capsys.readouterr() == ("outside\nzeroabnot ours\n", "one")


def test_what_runs_at_once_is_told_apart(heard: Heard) -> None:
    async def one(number: int) -> None:
        with action(number):
            print(f"begin {number}", end="")
            await asyncio.sleep(0)
            print(f"end {number}", end="")

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(3)))

    asyncio.run(main())
    for number in range(3):
        assert [text for each, _, text in heard if each == number] == [f"begin {number}", f"end {number}"]


def test_a_thread_of_the_users_own_is_the_run_s(heard: Heard) -> None:
    thread = threading.Thread(target=lambda: print("stray", end=""))
    thread.start()
    thread.join()
    assert heard == [(0, 1, "stray")]


def test_a_handler_that_held_the_stream_before_is_heard() -> None:
    handler = logging.StreamHandler(sys.stderr)
    found: Heard = []
    listen("run", lambda *piece: found.append(piece))
    with action(2):
        handler.emit(logging.makeLogRecord({"msg": "logged"}))
    stop_listening("run")
    assert "".join(text for _, _, text in found) == "logged\n"


def test_what_the_task_captures_itself_is_its_own(heard: Heard) -> None:
    with action(0), contextlib.redirect_stdout(io.StringIO()) as captured:
        print("kept", end="")
    assert (captured.getvalue(), heard) == ("kept", [])


def test_the_streams_are_as_before_afterwards() -> None:
    streams = (sys.stdout, sys.stderr)
    before = [dict(vars(each)) for each in streams]
    listen("one", lambda *_: None)
    listen("two", lambda *_: None)
    stop_listening("one")
    assert "write" in vars(sys.stdout)
    stop_listening("two")
    stop_listening("two")
    assert [dict(vars(each)) for each in streams] == before
    assert (sys.stdout, sys.stderr) == streams


def test_a_stream_without_room_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slotted:
        __slots__ = ("text",)

        def __init__(self) -> None:
            self.text = ""

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

    out: Any = Slotted()
    monkeypatch.setattr(sys, "stdout", out)
    listen("run", lambda *_: None)
    with action(0):
        print("through")
    stop_listening("run")
    assert out.text == "through\n"


def test_a_screen_makes_room_for_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Screen:
        def __enter__(self) -> object:
            seen.append("room")
            return self

        def __exit__(self, *exc: object) -> None:
            seen.append("done")

        def wrote(self, text: str) -> None:
            seen.append(text)

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    draw_on(Screen())
    print("not there", file=sys.stderr)
    print("text", end="")
    draw_on(None)
    print("after")
    assert seen == ["room", "text", "done"]
    assert capsys.readouterr().out == "textafter\n"
