"""Worker threads: reused, never in each other's way, never waited for."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from flytectl_py.engines.threads import Workers

mark: ContextVar[str] = ContextVar("mark", default="unset")


def test_a_call_returns_its_value_or_raises_its_error() -> None:
    workers = Workers()
    assert workers.submit(lambda: 3).wait(20)
    call = workers.submit(lambda: 1 / 0)
    call.wait(20)
    with pytest.raises(ZeroDivisionError):
        call.result()


def test_as_many_calls_run_at_once_as_were_submitted() -> None:
    workers = Workers()
    meeting = threading.Barrier(50, timeout=20)
    calls = [workers.submit(meeting.wait) for _ in range(50)]
    for call in calls:
        assert call.wait(20)
    assert sorted(call.result() for call in calls) == list(range(50))


def test_nested_calls_do_not_wait_for_a_free_thread() -> None:
    workers = Workers()

    def nested(depth: int) -> int:
        if depth == 0:
            return 0
        inner = workers.submit(lambda: nested(depth - 1))
        assert inner.wait(20)
        return 1 + inner.result()

    call = workers.submit(lambda: nested(30))
    assert call.wait(20)
    assert call.result() == 30


def test_idle_threads_are_used_again() -> None:
    workers = Workers()
    names = set()
    for _ in range(20):
        ended = threading.Event()
        call = workers.submit(lambda: threading.get_ident(), ended.set)
        assert ended.wait(20)
        call.wait(20)
        names.add(call.result())
    assert len(names) < 20


def test_a_call_sees_the_context_of_its_caller() -> None:
    token = mark.set("caller")
    try:
        call = Workers().submit(mark.get)
        call.wait(20)
        assert call.result() == "caller"
    finally:
        mark.reset(token)


def test_threads_do_not_keep_the_process_alive() -> None:
    workers = Workers()
    call = workers.submit(threading.current_thread)
    call.wait(20)
    assert call.result().daemon
