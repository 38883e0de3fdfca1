"""Entries of the local cache: one file for each key, only ever replaced as a whole, checked when it is read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_MAGIC = b"flyte-cache-entry 1 "
_SUFFIX = ".entry"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class UnreadableEntryError(Exception):
    """An entry is there and cannot be used; the message says why, in words."""


class Entry(NamedTuple):
    """What is kept under a key.

    :param head: facts about it, JSON-able. :param written: seconds since 1970, by the clock of who wrote it.
    """

    head: Mapping[str, Any]
    payload: bytes
    written: float


class StoredFile(NamedTuple):
    """A file of the store, as `flyte gc` sees it. `used` is when it was last read or written, in seconds since 1970."""

    path: Path
    size: int
    used: float


class CacheStore:
    """Entries below one folder. Safe for many threads and processes at once: the last writer of a key wins.

    Only its owner may read the folder, and what others could have written is not read.

    :param folder: made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file_of(self, key: str) -> str:
        """Return the path of the entry `key`, a hexadecimal digest."""
        return f"{self.folder}{os.sep}{key[:2]}{os.sep}{key}{_SUFFIX}"

    def read(self, key: str) -> Entry | None:
        """Return the entry, or None if there is none.

        :raises UnreadableEntryError: it is damaged, of another version, somebody else's, or cannot be read.
        """
        try:
            with open(self.file_of(key), "rb") as file:
                self._check_owner(os.fstat(file.fileno()))
                data = file.read()
            with contextlib.suppress(OSError):
                os.utime(self.file_of(key))  # What is used is not cleared away as old.
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnreadableEntryError(error.strerror or str(error)) from error
        return _parsed(data)

    def write(self, key: str, head: Mapping[str, Any], payload: bytes, written: float) -> None:
        """Keep `payload` under `key`, instead of what was there.

        :raises OSError: the disk is full, or nothing can be written here.
        """
        file = self.file_of(key)
        folder = os.path.dirname(file)
        if not os.path.isdir(folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.makedirs(folder, mode=0o700, exist_ok=True)
        line = json.dumps({**head, "written": written}, ensure_ascii=False).encode() + b"\n"
        partial = f"{file}.{os.urandom(8).hex()}"
        try:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(_MAGIC + _checksum(line + payload) + b"\n" + line + payload)
            os.replace(partial, file)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise

    def forget(self, key: str) -> None:
        """Remove the entry, if it is there."""
        with contextlib.suppress(OSError):
            os.unlink(self.file_of(key))

    def _check_owner(self, found: os.stat_result) -> None:
        if not hasattr(os, "geteuid"):
            return
        # Where the folder, too, is for everybody, the file system keeps no modes: it was made for its owner alone.
        is_open = found.st_mode & _OTHERS_WRITE and not os.stat(self.folder).st_mode & _OTHERS_WRITE
        if found.st_uid != os.geteuid() or is_open:
            raise UnreadableEntryError("another user owns it or may write to it")

    def files(self) -> Iterator[StoredFile]:
        """Yield every file of the store, also what a killed process left behind, but no locks."""
        for folder in sorted(self.folder.glob("??")):
            for path in sorted(folder.iterdir()):
                with contextlib.suppress(OSError):
                    found = path.stat()
                    yield StoredFile(path, found.st_size, found.st_mtime)


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _parsed(data: bytes) -> Entry:
    first, newline, rest = data.partition(b"\n")
    if not first.startswith(_MAGIC) or not newline:
        raise UnreadableEntryError("it is no entry of this version")
    if first[len(_MAGIC) :] != _checksum(rest):
        raise UnreadableEntryError("it is damaged")
    line, _, payload = rest.partition(b"\n")
    head = json.loads(line)
    return Entry(head, payload, float(head.pop("written")))
