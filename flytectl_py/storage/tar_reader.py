"""Reading the files of a tar.gz that nobody vouches for, one after another, never more than a piece in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, TypeVar

from flytectl_py.digest.manifest import RECIPE_VERSION, path_problem
from flytectl_py.errors import BundleError
from flytectl_py.storage.gzip_stream import Metered, damage_named, gunzip
from flytectl_py.storage.limits import Limits
from flytectl_py.storage.tar_format import (
    BLOCK,
    DIGEST_KEY,
    FOLDER,
    GNU_LONG_NAME,
    PAX_GLOBAL,
    PAX_NEXT,
    RECIPE_KEY,
    REGULAR,
    MalformedError,
    RawHeader,
    padding,
    parse_header,
    parse_pax,
)

T = TypeVar("T")

CHUNK = 1024 * 1024
# A name is a few hundred bytes; a header that claims more wants memory.
_LARGEST_EXTRA_HEADER = 64 * 1024
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
}


class BundleHeader(NamedTuple):
    """What the archive says that it is."""

    digest: str
    recipe_version: int


class Member(NamedTuple):
    """One regular file of the archive: a safe relative path; `size` in bytes."""

    path: str
    size: int
    executable: bool


class TarReader:
    """The files of the archive that `source` streams; every method raises `BundleError` for a damaged or unsafe one.

    :param where: what the archive is called in errors.
    """

    def __init__(self, source: BinaryIO, limits: Limits, where: str) -> None:
        self._source = Metered(source)
        self._stream = gunzip(self._source)
        self._limits = limits
        self._where = where
        self._globals: dict[str, str] = {}
        self._produced = 0
        self._entries = 0
        self._content = 0
        self._next = self._read_header()

    @property
    def header(self) -> BundleHeader | None:
        """What the archive says that it is, or None where it does not: it was not made by `write_archive`."""
        digest, recipe = self._globals.get(DIGEST_KEY, ""), self._globals.get(RECIPE_KEY, "")
        if not digest and not recipe:
            return None
        if (
            not (recipe.isascii() and recipe.isdigit() and len(recipe) < 10)
            or len(digest) != 64
            or digest.strip("0123456789abcdef")
        ):
            raise self._bad("its header does not hold a bundle's digest and recipe")
        if int(recipe) != RECIPE_VERSION:
            raise BundleError(
                f"the bundle was made by recipe {recipe}, and this version knows {RECIPE_VERSION}",
                hint="upgrade: pip install -U flytectl-py",
                where=self._where,
            )
        return BundleHeader(digest, int(recipe))

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Yield each file and the pieces of its content, which are to be read before the next file is asked for."""
        while (found := self._next) is not None:
            raw, pax = found
            path = self._path(raw, pax)
            if raw.kind == FOLDER:
                self._skip(raw.size)
            else:
                size = raw.size if "size" not in pax else self._size(pax["size"])
                yield Member(path, size, bool(raw.mode & 0o100)), self._pieces(size)
            self._next = self._read_header()
        self._drain()

    def _read_header(self) -> tuple[RawHeader, dict[str, str]] | None:
        pax: dict[str, str] = {}
        for _ in range(8):  # more headers about one file than this are not made by anyone
            raw = self._parsed(parse_header, BLOCK)
            if raw is None:
                return None
            if raw.kind in {PAX_GLOBAL, PAX_NEXT, GNU_LONG_NAME}:
                if raw.size > _LARGEST_EXTRA_HEADER:
                    raise self._bad(f"a header of {raw.size:,} bytes")
                if raw.kind == GNU_LONG_NAME:
                    pax["path"] = self._take(raw.size).partition(b"\0")[0].decode("utf-8", "surrogateescape")
                else:
                    (self._globals if raw.kind == PAX_GLOBAL else pax).update(self._parsed(parse_pax, raw.size))
                self._take(padding(raw.size))
                continue
            if raw.kind not in {REGULAR, FOLDER} or any(key.startswith("GNU.sparse") for key in pax):
                name = raw.name.decode("utf-8", "backslashreplace")
                raise self._bad(f"'{name}' is {_KINDS.get(raw.kind, 'neither a file nor a folder')}")
            self._entries += 1
            self._limits.check_size(self._entries, self._content, where=self._where)
            return raw, pax
        raise self._bad("too many headers before one file")

    def _parsed(self, parse: Callable[[bytes], T], size: int) -> T:
        data = self._take(size)
        try:
            return parse(data)
        except MalformedError as error:
            raise self._bad(str(error)) from error

    def _path(self, raw: RawHeader, pax: dict[str, str]) -> str:
        path = pax["path"] if "path" in pax else raw.name.decode("utf-8", "surrogateescape")
        while path.startswith("./"):
            path = path[2:].lstrip("/")
        if raw.kind == FOLDER:
            path = path.rstrip("/")
            if path in {"", "."}:
                return ""
        if problem := path_problem(path):
            raise self._bad(f"the path {path!r} {problem}")
        return path

    def _size(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise self._bad(f"a file of {text[:40]!r} bytes")
        return int(text)

    def _pieces(self, size: int) -> Iterator[bytes]:
        self._content += size
        self._limits.check_size(self._entries, self._content, where=self._where)
        pad = padding(size)
        if size <= CHUNK:
            data = self._take(size + pad)
            return iter((data[:size],) if size else ())
        return self._large(size, pad)

    def _large(self, size: int, pad: int) -> Iterator[bytes]:
        while size > 0:
            data = self._take(min(size, CHUNK))
            size -= len(data)
            yield data
        self._take(pad)

    def _skip(self, size: int) -> None:
        for _ in self._pieces(size):
            pass

    def _take(self, size: int) -> bytes:
        """Return exactly `size` bytes of the unpacked stream."""
        data = self._read(size)
        while len(data) < size:
            more = self._read(size - len(data))
            if not more:
                raise self._bad("it ends too early")
            data += more
        return data

    def _read(self, size: int) -> bytes:
        with damage_named(self._where):
            data = self._stream.read(size)
        self._produced += len(data)
        self._limits.check_ratio(self._source.consumed, self._produced, self._where)
        return data

    def _drain(self) -> None:
        """Read on to the end of the stream, where its checksum stands; only zeros may come."""
        rest = 0
        while data := self._read(CHUNK):
            rest += len(data)
            if data.strip(b"\0") or rest > CHUNK:
                raise self._bad("something follows its end")

    def _bad(self, what: str) -> BundleError:
        return BundleError(
            f"not a sound code bundle: {what}",
            hint="make or download it again, from a source that you trust",
            where=self._where,
        )
