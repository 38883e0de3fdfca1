"""Objects as files below a folder of this machine."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from flytectl_py.errors import UsageError
from flytectl_py.storage.api import Listed, ObjectInfo, Source, StoreOptions, check_key
from flytectl_py.storage.content import CHUNK, CheckedReader, ContentStore, Meter, checked
from flytectl_py.storage.fault import disk_fault

T = TypeVar("T")

INCOMING = ".incoming"
"""Folder below the store's own where content is gathered until it is whole."""


class LocalStore(ContentStore):
    """A folder, made on the first put. Renaming makes an object visible, so nobody ever sees half of one.

    :param address: a path, or ``file:///path``.
    """

    def __init__(self, address: str, options: StoreOptions | None = None) -> None:
        path = _path_of(address)
        super().__init__(str(path), options or StoreOptions())
        self.folder = path

    def uri(self, key: str) -> str:
        if check_key(key).partition("/")[0] == INCOMING:
            raise UsageError(f"{key!r} cannot be the name of an object: {INCOMING} is where uploads are gathered")
        return str(self.folder / key)

    def _stat(self, key: str) -> ObjectInfo | None:
        path = self.folder / key
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_fault(error) from error
        if not path.is_file():
            raise disk_fault(IsADirectoryError(errno.EISDIR, "a folder has this name"))
        return ObjectInfo(found.st_size)

    def _same(self, key: str, found: ObjectInfo, sha256: str) -> bool:
        def digest() -> str:
            with (self.folder / key).open("rb") as stream:
                return hashlib.file_digest(stream, hashlib.sha256).hexdigest()

        return _on_disk(digest) == sha256

    def _send(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        path = self.folder / key
        with checked(source, size, sha256, str(path)) as reader:
            _on_disk(lambda: self._store(path, reader, meter))

    def _store(self, path: Path, reader: CheckedReader, meter: Meter) -> None:
        incoming = self.folder / INCOMING
        _sweep(incoming)
        with _gathering(incoming) as (handle, gathered):
            done = 0
            while data := reader.read(CHUNK):
                _write_all(handle, data)
                done += len(data)
                meter.at(done)
            reader.check()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
            path.parent.mkdir(parents=True, exist_ok=True)
            gathered.replace(path)
            _sync_folder(path.parent)

    def _read(self, key: str, start: int, length: int) -> bytes:
        def read() -> bytes:
            with (self.folder / key).open("rb") as stream:
                stream.seek(start)
                return stream.read(length)

        return _on_disk(read)

    def _list(self, prefix: str) -> list[Listed]:
        def walk() -> Iterator[Listed]:
            for folder, folders, names in os.walk(self.folder / prefix, onerror=_unless_missing):
                if Path(folder) == self.folder and INCOMING in folders:
                    folders.remove(INCOMING)
                for name in names:
                    path = Path(folder, name)
                    yield Listed(path.relative_to(self.folder).as_posix(), path.stat().st_size)

        return _on_disk(lambda: list(walk()))

    def _remove(self, key: str) -> None:
        _on_disk(lambda: (self.folder / key).unlink(missing_ok=True))
        with contextlib.suppress(OSError):
            (self.folder / INCOMING).rmdir()  # Unless something is in it.


def _path_of(address: str) -> Path:
    if not address.startswith("file:"):
        return Path(address).expanduser().absolute()
    parts = urlsplit(address)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise UsageError(
            f"{address} is not a folder of this machine: a file URI has three slashes and an absolute path",
            hint=f"write file:///{(parts.netloc + parts.path).strip('/')}, or the plain path",
            where=address,
        )
    return Path(unquote(parts.path))


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _on_disk(operation: Callable[[], T]) -> T:
    try:
        return operation()
    except OSError as error:
        raise disk_fault(error) from error


@contextlib.contextmanager
def _gathering(folder: Path) -> Iterator[tuple[int, Path]]:
    """Open a new file, locked for as long as its writer lives, so that a left-over can be told from one in use."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / secrets.token_hex(8)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            continue  # Somebody who removed an object took the empty folder away.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                yield handle, path
                return
            # Swept between its creation and its lock: take another.
        finally:
            os.close(handle)
            path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left behind."""
    try:
        left = list(folder.iterdir())
    except FileNotFoundError:
        return
    for path in left:
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        except PermissionError:
            continue  # Somebody else's, who sweeps it away when they write here again.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
