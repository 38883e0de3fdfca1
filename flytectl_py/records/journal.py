"""The journal of one run: a file of its own, to which what happens is appended a few times a second.

Writing to SQLite costs a process several milliseconds before the first row, and a lock that all processes share. So a
run writes lines of JSON to a file that is only its own, and whoever reads records, or has the time, moves them into the
database (`gathering.py`). Each line is one batch, an array of events; an event is an array that begins with its kind:

====================================================================  ==================================================
``["run", {…}]``                                                      the first: see `RunHeader`
``["begin", number, parent, name, kind, group, started, inputs]``     an action begins; `started` in seconds since 1970
``["failed", number, attempt, error]``                                an attempt failed, and another one follows
``["end", number, seconds, attempts, phase, cache, outputs, error]``  it has ended; `error` is ``[code, message]``
``["print", number, stream, text]``                                   it printed; `stream` is 1 or 2
``["over", phase, seconds, error]``                                   the run has ended
====================================================================  ==================================================

While its process lives the file is locked, so that a journal without a last word tells whether to wait for it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENDING = ".journal"
FLUSH_SECONDS = 0.3
"""How long an event may wait for the disk. A process that is killed loses no more than that, and its last write."""


RunHeader = dict[str, Any]
"""What is known of a run when it begins, by these keys; what is not known is left out.

``name``, ``task``, ``project``, ``domain``, ``version``, ``python``; ``root``, ``file``: where its task is, `file` may
be relative to `root`; ``started``: seconds since 1970; ``commit``: of git; ``code``: the user's files that were loaded,
each as a row of a bundle's manifest (path, executable, size, SHA-256); ``bundle`` and ``archive``: the digest of the
bundle that was kept, and where.
"""


class Journal:
    """Takes events from any thread, a list append each, and writes them from a thread of its own.

    It never fails: `warn` is told once why nothing more is kept. `written` counts bytes.
    """

    def __init__(self, file: Path, header: RunHeader, warn: Callable[[str], None]) -> None:
        self.file = file
        self._warn = warn
        self._events: list[Any] = []
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._process = os.getpid()
        self._descriptor = -1
        self.broken = False
        self.written = 0
        try:
            try:
                self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                file.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file.parent.mkdir(exist_ok=True)
                self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        except OSError as error:
            self._give_up(error)
        self.add(["run", header])
        self.flush()
        if not self.broken:
            threading.Thread(target=self._write_now_and_then, name="flyte-records", daemon=True).start()

    def add(self, event: list[Any]) -> None:
        """Take one event; what it holds must be data for JSON, and not change any more."""
        self._events.append(event)

    def flush(self) -> None:
        """Write what was added so far."""
        with self._writing:
            count = len(self._events)
            batch = self._events[:count]
            del self._events[:count]
            # A process that the user's code has forked holds a copy of what is written already.
            if not batch or self.broken or os.getpid() != self._process:
                return
            try:
                data = json.dumps(batch, separators=(",", ":")).encode() + b"\n"
                _write_all(self._descriptor, data)
                self.written += len(data)
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self._closed.set()
        self.flush()
        with self._writing:
            if self._descriptor >= 0 and os.getpid() == self._process:
                os.close(self._descriptor)
                self._descriptor = -1
                self.broken = True

    def _write_now_and_then(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS) and not self.broken:
            self.flush()

    def _give_up(self, error: OSError) -> None:
        self.broken = True
        self._warn(f"warning: this run is not recorded: {self.file.parent}: {error.strerror or error}")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def is_abandoned(file: Path) -> bool:
    """Whether the process that wrote the journal `file` has ended.

    :raises OSError: the file is gone, or cannot be opened.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
