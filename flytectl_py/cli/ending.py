"""The last thing that the process does."""

from __future__ import annotations

import atexit
import os
import sys

# Extensions with threads that the interpreter does not know; one that wants it while it goes down aborts the process.
THREADED = ("pyqwest",)


class Ending:
    """Ends the process with its exit code at once, when everything that wants to run at its end has run.

    Make it first: what is registered first is called last.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self._process = os.getpid()
        atexit.register(self._end)

    def _end(self) -> None:
        if self.code is None or os.getpid() != self._process or not any(name in sys.modules for name in THREADED):
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue  # Nobody reads it any more, or the user's code has closed it.
        os._exit(self.code)
