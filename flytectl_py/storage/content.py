"""What all stores share: deciding whether to send, checking content on its way, trying again, and telling errors."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, ClassVar, Self, TypeVar
from urllib.parse import quote

from flytectl_py.errors import FlyteError
from flytectl_py.storage.api import (
    ChecksumError,
    Listed,
    ObjectInfo,
    Progress,
    PutResult,
    Source,
    StoreOptions,
    check_key,
    check_sha256,
)
from flytectl_py.storage.fault import Fault, Kind, disk_fault, error_of
from flytectl_py.storage.retry import RetryPolicy

T = TypeVar("T")

DIGEST = "sha256"
"""Name of the metadata of an object that holds its content's digest."""

CHUNK = 1 << 20
"""Bytes of one read from a source."""


class Meter:
    """Counts the bytes of one transfer for a progress callback; a part that is sent again never counts backwards."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._told = -1
        self._done: dict[int, int] = {}
        self._lock = threading.Lock()

    def at(self, done: int, part: int = 0) -> None:
        """`done` bytes of `part` have moved."""
        with self._lock:
            self._done[part] = done
            moved = min(sum(self._done.values()), self._total)
            if self._progress and moved > self._told:
                self._told = moved
                self._progress(moved, self._total)

    def full(self) -> None:
        """Everything is there."""
        with self._lock:
            if self._progress and self._told < self._total:
                self._told = self._total
                self._progress(self._total, self._total)


class CheckedReader:
    """Reads a source once, hashing it, so that wrong content is known before the object is made visible."""

    def __init__(self, stream: BinaryIO, size: int, sha256: str, where: str) -> None:
        self._stream = stream
        self._size = size
        self._sha256 = sha256
        self._where = where
        self._hash = hashlib.sha256()
        self._read = 0

    def read(self, most: int) -> bytes:
        """Return the next bytes, `most` of them unless the content ends, as one object. Empty at the end."""
        pieces: list[bytes] = []
        wanted = most
        while wanted:
            piece = self._next(min(wanted, CHUNK))
            if not piece:
                break
            pieces.append(piece)
            wanted -= len(piece)
            self._hash.update(piece)
        data = b"".join(pieces)
        self._read += len(data)
        if self._read > self._size:
            self._wrong(f"more than {self._size} bytes")
        return data

    def check(self) -> None:
        """Raise ChecksumError unless exactly the declared content was read."""
        if self._next(1):
            self._wrong(f"more than {self._size} bytes")
        if self._read != self._size:
            self._wrong(f"{self._read} bytes")
        if self._hash.hexdigest() != self._sha256:
            self._wrong(f"sha256 {self._hash.hexdigest()}")

    def _next(self, most: int) -> bytes:
        try:
            return self._stream.read(most)
        except OSError as error:
            raise unreadable(error, self._where) from error

    def _wrong(self, found: str) -> None:
        raise ChecksumError(
            f"the content for {self._where} is not what it was declared to be: "
            f"{self._size} bytes with sha256 {self._sha256}, found {found}",
            hint="it changed while it was read; run the command again",
            where=self._where,
        )


@contextmanager
def checked(source: Source, size: int, sha256: str, where: str) -> Iterator[CheckedReader]:
    """Open `source` for one attempt."""
    try:
        stream = source()
    except OSError as error:
        raise unreadable(error, where) from error
    with stream:
        yield CheckedReader(stream, size, sha256, where)


def unreadable(error: OSError, where: str) -> FlyteError:
    """Return the error for content that cannot be read on this side."""
    return FlyteError(
        f"the content for {where} cannot be read: {error}",
        hint="see that the file is still there and may be read, then run the command again",
        where=str(error.filename or where),
    )


class ContentStore(ABC):
    """A store made of five primitives, which raise Fault; the public methods are those of `api.Store`.

    :param address: the URI of the store, with its prefix.
    """

    hints: ClassVar[dict[Kind, str]] = {}

    def __init__(self, address: str, options: StoreOptions) -> None:
        self.address = address.rstrip("/")
        self.options = options
        self.retry = RetryPolicy(attempts=options.attempts, longest_wait=options.longest_wait)

    def uri(self, key: str) -> str:
        return f"{self.address}/{check_key(key)}"

    def head(self, key: str) -> ObjectInfo | None:
        where = self.uri(key)
        found = self._told("cannot look up", where, lambda: self.retry.call(lambda: self._stat(key)))
        if found is None:
            self._told("cannot look up", where, lambda: self.retry.call(self._check_container))
        return found

    def holds(self, key: str, *, size: int, sha256: str) -> bool:
        check_sha256(sha256)
        return self._told("cannot look up", self.uri(key), lambda: self._has(key, size, sha256))

    def put(self, key: str, source: Source, *, size: int, sha256: str, progress: Progress | None = None) -> PutResult:
        where = self.uri(key)
        check_sha256(sha256)
        meter = Meter(progress, size)
        if self._told("cannot look up", where, lambda: self._has(key, size, sha256)):
            meter.full()
            return PutResult(where, uploaded=False)
        meter.at(0)
        self._told("cannot upload", where, lambda: self._sent(key, source, size, sha256, meter))
        meter.full()
        return PutResult(where, uploaded=True)

    def get(
        self, key: str, out: BinaryIO, *, sha256: str | None = None, progress: Progress | None = None
    ) -> ObjectInfo:
        where = self.uri(key)
        info = self.head(key)
        if info is None:
            raise error_of(Fault(Kind.MISSING), doing="cannot download", where=where, hints=self.hints)
        declared = sha256 and check_sha256(sha256)
        if declared and info.sha256 and declared != info.sha256:
            self._damaged(where, declared, info.sha256)
        expected = declared or info.sha256
        meter = Meter(progress, info.size)
        digest = hashlib.sha256()
        done = 0
        while done < info.size:
            piece = self._told("cannot download", where, lambda at=done: self._piece(key, at, info.size, meter))  # type: ignore[misc]
            _write(out, piece, where)
            digest.update(piece)
            done += len(piece)
        if expected and digest.hexdigest() != expected:
            self._damaged(where, expected, digest.hexdigest())
        meter.full()
        return ObjectInfo(info.size, digest.hexdigest())

    def read(self, key: str, start: int, length: int) -> bytes:
        return self._told(
            "cannot read", self.uri(key), lambda: self.retry.call(lambda: self._read_some(key, start, length))
        )

    def listed(self, prefix: str, *, deep: bool = True) -> Iterator[Listed]:
        where = f"{self.address}/{check_key(prefix)}" if prefix else self.address
        found = self._told("cannot list", where, lambda: self.retry.call(lambda: self._list(prefix)))
        if not found:
            self._told("cannot list", where, lambda: self.retry.call(self._check_container))
        below = f"{prefix}/" if prefix else ""
        for each in sorted(found, key=lambda each: each.key):
            rest = each.key.removeprefix(below)
            # A key that ends in / stands for a folder that some consoles make.
            if each.key.startswith(below) and rest and not rest.endswith("/") and (deep or "/" not in rest):
                yield each

    def delete(self, key: str) -> None:
        self._told("cannot delete", self.uri(key), lambda: self.retry.call(lambda: self._remove(key)))

    def close(self) -> None:  # noqa: B027  # most stores hold nothing
        """Nothing to give back, unless a store says otherwise."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- what a store is made of; each may raise Fault --

    @abstractmethod
    def _stat(self, key: str) -> ObjectInfo | None:
        """Ask for the object; None when there is none."""

    @abstractmethod
    def _send(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        """Store the content, whole or not at all; tries again by itself."""

    @abstractmethod
    def _read(self, key: str, start: int, length: int) -> bytes:
        """Return bytes from `start` on: at most `length`, at least one."""

    def _list(self, prefix: str) -> list[Listed]:
        """Return the objects whose keys begin with `prefix`; others may be among them."""
        raise Fault(Kind.OTHER, f"it does not list what it holds, here below {prefix!r}")

    @abstractmethod
    def _remove(self, key: str) -> None:
        """Remove the object if it is there."""

    def _check_container(self) -> None:  # noqa: B027  # not every store has one
        """Raise Fault when the bucket, container or folder that would hold the objects is not there."""

    # -- shared --

    def _has(self, key: str, size: int, sha256: str) -> bool:
        try:
            found = self.retry.call(lambda: self._stat(key))
        except Fault as fault:
            # Whoever may only write cannot ask; the upload itself will tell whether more is wrong.
            if fault.kind is Kind.DENIED:
                return False
            raise
        return found is not None and found.size == size and self._same(key, found, sha256)

    def _same(self, key: str, found: ObjectInfo, sha256: str) -> bool:
        return found.sha256 == sha256

    def _read_some(self, key: str, start: int, length: int) -> bytes:
        piece = self._read(key, start, length)
        if not piece:
            raise Fault(Kind.DROPPED, f"no bytes arrived at {start}")
        return piece

    def _sent(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        try:
            self._send(key, source, size, sha256, meter)
        except Fault as fault:
            if fault.kind is Kind.MISSING:  # what is not there for an upload is the bucket
                raise Fault(Kind.NO_BUCKET, fault.detail) from fault
            raise

    def _piece(self, key: str, at: int, size: int, meter: Meter) -> bytes:
        def attempt() -> bytes:
            piece = self._read(key, at, min(self.options.part_size, size - at))
            if not piece:
                raise Fault(Kind.DROPPED, f"{at} of {size} bytes arrived")
            return piece

        piece = self.retry.call(attempt)
        meter.at(at + len(piece))
        return piece

    def _told(self, doing: str, where: str, operation: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            return operation()
        except Fault as fault:
            raise error_of(fault, doing=doing, where=where, hints=self.hints) from fault
        finally:
            if self.options.debug:
                took = 1000 * (time.monotonic() - began)
                sys.stderr.write(f"flyte: store: {doing.removeprefix('cannot ')} {where}: {took:.0f} ms\n")

    def _metadata(self, sha256: str) -> dict[str, str]:
        """Return what goes into the metadata of an object: its digest, and what the options say of it."""
        about = self.options.about() if self.options.about else {}
        # Headers hold ASCII.
        return {**{name: quote(value) for name, value in about.items()}, DIGEST: sha256}

    def _damaged(self, where: str, expected: str, found: str) -> None:
        raise ChecksumError(
            f"{where} holds other content than its name says: expected sha256 {expected}, found {found}",
            hint="delete the object and push it again",
            where=where,
        )


def _write(out: BinaryIO, piece: bytes, where: str) -> None:
    try:
        out.write(piece)
    except OSError as error:
        name = getattr(out, "name", None)
        target = name if isinstance(name, str) else where
        raise error_of(disk_fault(error), doing=f"cannot download {where} to", where=target, hints={}) from error


def finish_quietly(step: Callable[[], object]) -> None:
    """Run a clean-up step whose own failure must not hide the error that made it necessary."""
    with suppress(Fault, FlyteError):
        step()
