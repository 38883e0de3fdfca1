"""Streams that are closed where they are read, and not at some time after the event loop has begun to end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar, cast

Res = TypeVar("Res")


def closing(stream: AsyncIterator[Res]) -> aclosing[Any]:
    """Return `stream`, a generator, as a context that closes it: ``async with closing(stream) as messages:``.

    Whoever stops reading before the end, by an error too, has to close it: else the loop closes what is nested in it
    in any order, and each of them complains that another one still runs.
    """
    return aclosing(cast(Any, stream))
