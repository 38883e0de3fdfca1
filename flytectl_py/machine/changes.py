"""Wakes those who watch a run, or all runs, when something has changed; what that is they read from the database."""

from __future__ import annotations

import asyncio
from typing import Final

ANY: Final = 0
"""In place of a run: all of them."""


class Changes:
    """Bells by number of a run; for the event loop's own thread."""

    def __init__(self) -> None:
        self._bells: dict[int, asyncio.Event] = {}

    def bell(self, run: int) -> asyncio.Event:
        """Return what is set with the next change of the run. Ask for it before reading the state."""
        return self._bells.setdefault(run, asyncio.Event())

    def ring(self, run: int) -> None:
        """Wake all who wait for a change of the run."""
        for number in (run, ANY):
            bell = self._bells.pop(number, None)
            if bell is not None:
                bell.set()
