"""The protocol of a store of content-addressed objects, the values that pass through it, and what it raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, runtime_checkable

from flytectl_py.errors import FlyteError, NotReadyError, UsageError

Source = Callable[[], BinaryIO]
"""Opens the content from its start; called again for each new attempt."""

Progress = Callable[[int, int], None]
"""Told the bytes done so far (never fewer than before) and the bytes in all. May be called from another thread."""

MAX_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store says of an object.

    :param size: in bytes.
    :param sha256: 64 hexadecimal digits as the uploader declared them, None where the store keeps no such record.
    """

    size: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class PutResult:
    """Where the content is now, and whether it had to be sent."""

    uri: str
    uploaded: bool


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How to reach a store. What is left out comes from the provider's own chain (AWS_*, GOOGLE_*, AZURE_*).

    :param endpoint: URL of a compatible server instead of the provider's own.
    :param key: access key id (S3) or account name (Azure).
    :param secret: secret access key (S3) or account key (Azure).
    :param anonymous: send no credentials, for public data.
    :param connect_timeout: seconds until a connection must stand.
    :param stall_timeout: seconds without a single byte after which an attempt is given up; there is no total limit.
    :param attempts: how often a request is tried before its failure is reported.
    :param longest_wait: seconds at most between two attempts.
    :param part_size: bytes of one part of a multipart upload and of one ranged read; raised where a store wants more.
    :param files_at_once: how many files of a folder are sent or fetched at a time.
    :param identity: tenant, id and secret of an application (Azure).
    :param about: asked at each upload for names and values to put into the object's metadata, where the store has any;
        letters, digits and ``_`` in the names.
    :param debug: say each request on stderr.
    """

    endpoint: str | None = None
    region: str | None = None
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    anonymous: bool = False
    connect_timeout: float = 10.0
    stall_timeout: float = 30.0
    attempts: int = 6
    longest_wait: float = 20.0
    part_size: int = 8 << 20
    files_at_once: int = 8
    identity: tuple[str, str, str] | None = field(default=None, repr=False)
    about: Callable[[], Mapping[str, str]] | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing: its key, and its size in bytes."""

    key: str
    size: int


class ObjectMissingError(NotReadyError):
    """The store has no object of that name."""


class ChecksumError(FlyteError):
    """Content is not what its digest says."""


class StoreUnavailableError(NotReadyError):
    """The store cannot be used from here and now: unreachable, refusing, throttled, or a part of it missing."""


@runtime_checkable
class Store(Protocol):
    """Content-addressed objects below one URI. Safe to use from several threads.

    An object appears under its name whole or not at all. Every method raises FlyteError only: UsageError for a key or
    URI that cannot be, ObjectMissingError, ChecksumError, StoreUnavailableError. Close it, or use it in ``with``.
    """

    def uri(self, key: str) -> str:
        """Return the address of `key`, e.g. ``s3://bucket/prefix/key``."""
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Ask the store for an object: None when it has none, or cannot be asked."""
        ...

    def holds(self, key: str, *, size: int, sha256: str) -> bool:
        """Ask the store whether it has the object with just this content; False where it cannot be asked."""
        ...

    def put(self, key: str, source: Source, *, size: int, sha256: str, progress: Progress | None = None) -> PutResult:
        """Make sure that the object is there. It is sent unless the store itself says that it has this content.

        :raises ChecksumError: the source's bytes are not `size` and `sha256`; nothing is stored then.
        """
        ...

    def get(
        self, key: str, out: BinaryIO, *, sha256: str | None = None, progress: Progress | None = None
    ) -> ObjectInfo:
        """Write the object to `out` as it arrives, and check it against `sha256`, or what the store declares.

        A broken transfer goes on where it broke, so `out` need not be seekable.

        :raises ChecksumError: after the last byte; what `out` got must be thrown away.
        :raises ObjectMissingError: there is no such object.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object. One that is not there is no error."""
        ...

    def close(self) -> None:
        """Give back connections. The store cannot be used afterwards."""
        ...

    def __enter__(self) -> Store: ...

    def __exit__(self, *exc: object) -> None: ...


@runtime_checkable
class Browsable(Protocol):
    """A store whose objects have names of their own as well, and that can be looked into: what files and folders need.

    Raises as `Store` does.
    """

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return the bytes from `start` on: at most `length`, at least one of them.

        :raises ObjectMissingError: there is no such object.
        """
        ...

    def listed(self, prefix: str, *, deep: bool = True) -> Iterator[Listed]:
        """Yield the objects below the folder `prefix`, empty for all, in the order of their keys.

        :param deep: also those in the folders in it.
        """
        ...


def check_key(key: str) -> str:
    """Return `key` when every store can hold it: relative, no ``.`` or ``..`` between its ``/``, at most 1024 bytes."""
    parts = key.split("/")
    if not all(parts) or any(part in {".", ".."} for part in parts):
        reason = "it must be relative, without empty, '.' or '..' parts"
    elif "\\" in key or any(ord(letter) < 32 or ord(letter) == 127 for letter in key):
        reason = "it must hold no backslash and no control character"
    elif len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        reason = f"it must be at most {MAX_KEY_BYTES} bytes long"
    else:
        return key
    raise UsageError(f"{key!r} cannot be the name of an object: {reason}")


def check_sha256(digest: str) -> str:
    """Return `digest` when it is 64 lower-case hexadecimal digits."""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise UsageError(f"{digest!r} is not a SHA-256 digest: 64 lower-case hexadecimal digits")
    return digest
