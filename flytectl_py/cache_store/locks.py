"""Locks by key, between threads and between processes; one that is killed lets go of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05
"""Seconds between two looks at a lock that somebody else holds, where waiting must not block: at first, at most."""


class KeyLocks:
    """Locks in a folder: a file for each key that is in use, locked by ``flock``, gone when nobody uses it.

    :param folder: made when first used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Hold the lock of `key`; waits for it, blocking this thread only.

        :raises OSError: nothing can be written here, or the file system has no locks.
        """
        while (lock := self._try(key, wait=True)) is None:
            pass
        try:
            yield
        finally:
            self._release(key, lock)

    def try_acquire(self, key: str) -> int | None:
        """Take the lock of `key` if it is free, and return what `release` takes; never waits.

        :raises OSError: as `held`.
        """
        return self._try(key, wait=False)

    def release(self, key: str, lock: int) -> None:
        """Give back what `try_acquire` returned."""
        self._release(key, lock)

    @staticmethod
    def pauses() -> Iterator[float]:
        """Yield how many seconds to wait before each further `try_acquire`."""
        pause = _FIRST_PAUSE
        while True:
            yield pause
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _file(self, key: str) -> str:
        return f"{self._folder}{os.sep}{key}.lock"

    def _try(self, key: str, *, wait: bool) -> int | None:
        try:
            import fcntl
        except ImportError as error:
            raise OSError("this system has no flock") from error
        file = self._file(key)
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(lock, file):
                return lock
        except BlockingIOError:
            pass
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # Held by another, or who held it has removed the file, and the next one makes another.
        return None

    def _release(self, key: str, lock: int) -> None:
        # While it is still held: whoever waits for it sees that the file is gone and takes a new one.
        try:
            os.unlink(self._file(key))
        except FileNotFoundError:
            pass
        finally:
            os.close(lock)


def _is_at(lock: int, file: str) -> bool:
    try:
        there = os.stat(file)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(lock), there)
