"""What stands between blocking code and event loops."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flyte.errors import silence_grpc_polling_error
from flytectl_py.bridge import interrupt_calls, run_calls


class PollerCompletionQueue:
    """Named as gRPC's."""

    def handle_events(self) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")


def unhandled(callback: Any) -> list[str]:
    """Return what a loop says of an exception of `callback`."""
    said: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(silence_grpc_polling_error)
        loop.default_exception_handler = lambda context: said.append(repr(context["exception"]))  # type: ignore[method-assign]
        loop.call_soon(callback)
        await asyncio.sleep(0.01)

    asyncio.run(main())
    return said


def test_the_poller_of_grpc_is_not_heard() -> None:
    assert unhandled(PollerCompletionQueue().handle_events) == []


@pytest.mark.parametrize("error", [BlockingIOError(11, "of another kind"), ValueError("x")])
def test_everything_else_is(error: Exception) -> None:
    def fails() -> None:
        raise error

    assert unhandled(fails) == [repr(error)]


@pytest.fixture
def interrupts() -> Iterator[Callable[[], None]]:
    """SIGINT as the command line answers it; returns what sends one to this process."""
    before = signal.getsignal(signal.SIGINT)

    def answer(number: int, frame: object) -> None:
        if not interrupt_calls():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, answer)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_lets_calls_close_what_they_have_open(interrupts: Callable[[], None]) -> None:
    seen: list[str] = []

    async def calls() -> None:
        # In the middle of the loop, where an exception would be raised into whatever runs just then.
        asyncio.get_running_loop().call_soon(interrupts)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    with pytest.raises(KeyboardInterrupt):
        run_calls(calls)
    assert seen == ["closed"]


def test_an_interrupt_counts_also_where_the_calls_end_all_the_same(interrupts: Callable[[], None]) -> None:
    async def calls() -> int:
        interrupts()
        return 1

    with pytest.raises(KeyboardInterrupt):
        run_calls(calls)


def test_an_interrupt_between_calls_is_raised_at_once(interrupts: Callable[[], None]) -> None:
    async def calls() -> int:
        return 1

    assert run_calls(calls) == 1
    with pytest.raises(KeyboardInterrupt):
        interrupts()


def test_a_cancellation_that_is_none_of_ours_stays_one() -> None:
    async def calls() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_calls(calls)


def test_calls_in_another_thread_and_in_a_loop_are_not_interrupted_from_here() -> None:
    found: list[bool] = []

    async def calls() -> int:
        found.append(interrupt_calls())
        return 2

    async def main() -> int:
        return run_calls(calls)

    thread = threading.Thread(target=lambda: found.append(run_calls(calls) == 2))
    thread.start()
    thread.join()
    assert asyncio.run(main()) == 2
    assert found == [False, True, False]
