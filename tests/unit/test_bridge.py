"""What stands between blocking code and event loops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flyte.errors import silence_grpc_polling_error


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
