"""An object in a store as a stream: read in ranges, or gathered beside and sent whole when it is closed."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import tempfile
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from flytectl_py.data.places import Object
from flytectl_py.storage.api import ObjectMissingError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

REQUEST = 8 << 20
"""Bytes that one request fetches at most."""

IN_MEMORY = 8 << 20
"""Bytes up to which what is written is gathered in memory; beyond, in a temporary file."""


class _Ahead:
    """Bytes that are being fetched before they are asked for, on a thread that nothing waits for in the end."""

    def __init__(self, place: Object, start: int, length: int) -> None:
        self.start = start
        self._piece = b""
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fetch, args=(place, length), name="flyte-data", daemon=True)
        self._thread.start()

    def _fetch(self, place: Object, length: int) -> None:
        try:
            self._piece = place.store.read(place.key, self.start, length)
        except BaseException as error:  # noqa: BLE001  raised again where it is taken
            self._error = error

    def take(self, most: int) -> bytes:
        """Return at most `most` of the bytes, from `start` on, which moves on."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        taken, self._piece = self._piece[:most], self._piece[most:]
        self.start += len(taken)
        return taken

    @property
    def is_empty(self) -> bool:
        """Whether all of it was taken."""
        return not self._thread.is_alive() and not self._piece


class RangeReader(io.RawIOBase):
    """The content of an object, fetched as it is asked for; who reads on and on gets the next block fetched meanwhile.

    :param ahead: bytes of such a block; 0 fetches nothing that was not asked for.
    :raises ObjectMissingError: there is no such object.
    """

    def __init__(self, place: Object, ahead: int = 0) -> None:
        super().__init__()
        found = place.store.head(place.key)
        if found is None:
            raise ObjectMissingError(
                f"cannot read {place.uri}: there is no such file", hint="check the path", where=place.uri
            )
        self._place = place
        self._at = 0
        self._block = ahead
        self._ahead: _Ahead | None = None
        self._ended_at: int | None = None
        self.size = found.size
        self.name = place.uri

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self.size - self._at))
        done = 0
        while done < wanted:
            piece = self._fetch(wanted - done)
            view[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def readall(self) -> bytes:
        pieces = []
        while self._at < self.size:
            pieces.append(self._fetch(self.size - self._at))
        return b"".join(pieces)

    def _fetch(self, wanted: int) -> bytes:
        goes_on = self._ended_at == self._at
        if self._ahead is not None and self._ahead.start == self._at:
            piece = self._ahead.take(wanted)
        else:
            self._ahead = None
            piece = self._place.store.read(self._place.key, self._at, min(wanted, REQUEST))
        self._at += len(piece)
        self._ended_at = self._at
        if self._ahead is not None and self._ahead.is_empty:
            self._ahead = None
        if goes_on and self._ahead is None and self._block and self._at < self.size:
            self._ahead = _Ahead(self._place, self._at, min(self._block, self.size - self._at))
        return piece

    def close(self) -> None:
        self._ahead = None
        super().close()


class LocalWriter(io.FileIO):
    """A file of this machine that is written beside its place, and moved there when it is closed."""

    def __init__(self, path: str) -> None:
        self._target = os.path.realpath(path)
        folder, name = os.path.split(self._target)
        self._beside = os.path.join(folder, f".{name[:200]}.{secrets.token_hex(4)}")
        self._wanted = True
        super().__init__(self._beside, "xb")

    @staticmethod
    def fits(path: str) -> bool:
        """Whether that works for `path`: a new or an ordinary file, in a folder that takes another."""
        target = os.path.realpath(path)
        return os.access(os.path.dirname(target), os.W_OK) and (os.path.isfile(target) or not os.path.exists(target))

    def discard(self) -> None:
        """Let what is written be dropped at the close: what was at the place before stays."""
        self._wanted = False

    def close(self) -> None:
        if self.closed:
            return
        if not self._wanted:
            super().close()
            os.unlink(self._beside)
            return
        if os.path.exists(self._target):
            os.fchmod(self.fileno(), os.stat(self._target).st_mode & 0o7777)
        super().close()
        os.replace(self._beside, self._target)


class StoreWriter(io.RawIOBase):
    """Content for an object, which appears when the stream is closed: whole, or after `discard` not at all."""

    def __init__(self, place: Object) -> None:
        super().__init__()
        self._place = place
        self._wanted = True
        self._gathered = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  closed with this stream
        self._digest = hashlib.sha256()
        self._size = 0
        self.name = place.uri

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: ReadableBuffer, /) -> int:
        piece = memoryview(data).cast("B")
        self._gathered.write(piece)
        self._digest.update(piece)
        self._size += len(piece)
        return len(piece)

    def discard(self) -> None:
        """Let what is written be dropped at the close: nothing appears in the store."""
        self._wanted = False

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        with self._gathered as gathered:
            if not self._wanted:
                return
            place = self._place
            place.store.put(place.key, lambda: _from_start(gathered), size=self._size, sha256=self._digest.hexdigest())


class Hashing(io.RawIOBase):
    """Passes on what is written, and tells it to a hash method.

    :param done: called when the stream below was closed without an error.
    """

    def __init__(self, below: BinaryIO, update: Callable[[bytes], object], done: Callable[[], object]) -> None:
        super().__init__()
        self._below = below
        self._update = update
        self._done = done

    def writable(self) -> bool:
        return True

    def discard(self) -> None:
        """Let the hash be forgotten at the close."""
        self._done = lambda: None

    def tell(self) -> int:
        return self._below.tell()

    def write(self, data: ReadableBuffer, /) -> int:
        piece = bytes(data)
        self._update(piece)
        return self._below.write(piece)

    def flush(self) -> None:
        if not self._below.closed:
            self._below.flush()

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._below.close()
            self._done()


class _Kept(io.RawIOBase):
    """A view of a file that stays open when the view is closed."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._file.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


def _from_start(file: tempfile.SpooledTemporaryFile[bytes]) -> BinaryIO:
    file.seek(0)
    return cast(BinaryIO, _Kept(cast(BinaryIO, file)))
