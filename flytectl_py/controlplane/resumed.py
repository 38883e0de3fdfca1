"""Lines of a log that come once, although the stream that brings them breaks and begins anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from flytectl_py.controlplane.streams import closing

Res = TypeVar("Res")


async def lines_once(open_stream: Callable[[Callable[[], None]], AsyncIterator[Res]]) -> AsyncIterator[Res]:
    """Yield messages without the lines that came before; a message of such lines only is left out.

    The lines of one container come in the same order each time; those of several may mix differently.

    :param open_stream: takes what to call whenever the stream begins anew; its messages have ``logs`` with ``lines``.
    """
    told: Counter[str] = Counter()
    to_skip: Counter[str] = Counter()

    def reopened() -> None:
        to_skip.clear()
        to_skip.update(told)

    async with closing(open_stream(reopened)) as messages:
        async for message in messages:
            parts: list[Any] = list(message.logs)
            came = sum(len(part.lines) for part in parts)
            for part in parts:
                _drop(part, to_skip, told)
            if not came or any(part.lines for part in parts):
                yield message


def _drop(part: Any, to_skip: Counter[str], told: Counter[str]) -> None:
    container = part.container.SerializeToString().hex() if "container" in part.DESCRIPTOR.fields_by_name else ""
    new = []
    for line in part.lines:
        source = f"{container}/{line.short_pod_name}"
        if to_skip[source]:
            to_skip[source] -= 1
        else:
            told[source] += 1
            new.append(line)
    if len(new) != len(part.lines):
        kept = [type(line).FromString(line.SerializeToString()) for line in new]
        del part.lines[:]
        part.lines.extend(kept)
