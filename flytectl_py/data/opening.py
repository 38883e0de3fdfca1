"""Which streams are stacked for a file, a mode and options: bytes, a hash of them, compression, text."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from flytectl_py.data.places import Stores, local_path
from flytectl_py.data.streams import REQUEST, Hashing, LocalWriter, RangeReader, StoreWriter
from flytectl_py.errors import UsageError, did_you_mean
from flytectl_py.model.files import File, result_of

TEXT_OPTIONS = ("encoding", "errors", "newline")
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".lzma": "xz"}
CACHE_TYPES = ("readahead", "none")


class Mode(NamedTuple):
    """A mode of the built-in `open`, taken apart. `verb` is one of ``r w x a``."""

    verb: str
    text: bool
    update: bool

    @property
    def binary(self) -> str:
        """The mode of the bytes below."""
        return f"{self.verb}{'+' if self.update else ''}b"


class Streams(NamedTuple):
    """What was opened: the stream that the user sees and those below it, and how to forget what was written."""

    top: Any
    below: tuple[Any, ...]
    discard: Callable[[], object]

    def close(self) -> None:
        """Close the top first, so that each hands on what it holds."""
        for stream in (self.top, *self.below):
            stream.close()


def parsed_mode(mode: str, path: str) -> Mode:
    """Return `mode` taken apart.

    :raises UsageError: it is no mode of the built-in `open`.
    """
    verbs = [letter for letter in mode if letter in "rwxa"]
    if len(verbs) != 1 or len(set(mode)) != len(mode) or set(mode) - set("rwxabt+") or {"b", "t"} <= set(mode):
        raise UsageError(f"{mode!r} is no mode to open a file in", hint="write 'rb', 'wb', 'r' or 'w'", where=path)
    return Mode(verbs[0], "b" not in mode, "+" in mode)


def checked_options(mode: Mode, options: Mapping[str, Any], path: str) -> None:
    """Raise UsageError for an option that is not known, or cannot have its value."""
    known = ("block_size", "cache_type", "cache_options", "compression", *TEXT_OPTIONS)
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known) or f"it takes {', '.join(known)}"
            raise UsageError(f"File.open has no option '{name}'", hint=hint, where=path)
        if name in TEXT_OPTIONS and not mode.text:
            raise UsageError(f"{name} is for text, not for bytes", hint="open it in mode 'r' or 'w'", where=path)
    block = options.get("block_size")
    if block is not None and (not isinstance(block, int) or block < 1):
        raise UsageError(f"block_size is {block!r}", hint="give a number of bytes, or leave it out", where=path)
    if options.get("cache_type") not in (*CACHE_TYPES, None):
        raise UsageError(
            f"cache_type is {options['cache_type']!r}", hint=f"it is one of {', '.join(CACHE_TYPES)}", where=path
        )
    if options.get("cache_options"):
        raise UsageError("cache_options are not known here", hint="leave them out", where=path)
    compression = options.get("compression")
    if compression not in (*COMPRESSIONS.values(), "lzma", "infer", None):
        hint = f"it is one of {', '.join(sorted({*COMPRESSIONS.values()}))}, infer"
        raise UsageError(f"compression is {compression!r}", hint=hint, where=path)
    if _compression(path, compression) and (mode.update or mode.verb == "a"):
        raise UsageError(f"{path}: what is compressed is read, or written anew", where=path)


def open_streams(stores: Stores, file: File[Any], mode: Mode, options: Mapping[str, Any]) -> Streams:
    """Open `file`; see `File.open` for the options."""
    if file.hash_method is not None and (mode.verb == "a" or mode.update):
        raise UsageError(f"{file.path} cannot be hashed while it is changed in place", where=file.path)
    raw, discard = _raw(stores, file.path, mode, options)
    below: list[Any] = []
    method = file.hash_method
    discards = [discard]
    if method is not None and mode.verb != "r":
        below.append(raw)
        hashing = Hashing(raw, method.update, lambda: object.__setattr__(file, "hash", result_of(method)))
        discards.append(hashing.discard)
        raw = io.BufferedWriter(hashing, 1 << 20)
    packed = _compressed(raw, mode, options.get("compression"), file.path)
    if packed is not raw:
        below.insert(0, raw)
    top: Any = packed
    if mode.text:
        words = {name: options[name] for name in TEXT_OPTIONS if name in options}
        top = io.TextIOWrapper(packed, **{"encoding": "utf-8", **words})
    return Streams(top, tuple(below), lambda: [each() for each in discards])


def _raw(stores: Stores, path: str, mode: Mode, options: Mapping[str, Any]) -> tuple[Any, Callable[[], object]]:
    local = local_path(path)
    if local is not None:
        if mode.verb != "r":
            try:
                Path(local).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:  # As `open` raises it, without the way that led to it.
                raise OSError(error.errno, error.strerror, error.filename) from None
        if mode.binary == "wb" and LocalWriter.fits(local):
            gathering = LocalWriter(local)
            return io.BufferedWriter(gathering), gathering.discard
        return Path(local).open(mode.binary), lambda: None
    if mode.update or mode.verb == "a":
        raise UsageError(
            f"{path} cannot be changed in place: objects in a store are read, or written anew",
            hint="download it, change the copy, and write it with mode 'wb'",
            where=path,
        )
    place = stores.at(path)
    if mode.verb == "r":
        if options.get("cache_type") == "none":
            return io.BufferedReader(RangeReader(place), 1), lambda: None
        block = options.get("block_size") or REQUEST
        return io.BufferedReader(RangeReader(place, ahead=min(block, REQUEST)), block), lambda: None
    if mode.verb == "x" and place.store.head(place.key) is not None:
        raise FileExistsError(f"{path} exists already")
    writer = StoreWriter(place)
    return io.BufferedWriter(writer, 64 << 10), writer.discard


def _compression(path: str, given: object) -> object:
    return COMPRESSIONS.get(os.path.splitext(path)[1].lower()) if given == "infer" else given


def _compressed(raw: BinaryIO, mode: Mode, compression: object, path: str) -> Any:
    name = _compression(path, compression)
    if name is None:
        return raw
    verb = "rb" if mode.verb == "r" else "wb"
    if name == "gzip":
        import gzip

        # No time in the header: the same content is the same file.
        return gzip.GzipFile(filename="", fileobj=raw, mode=verb, mtime=0)
    if name == "bz2":
        import bz2

        return bz2.BZ2File(cast(Any, raw), cast(Any, verb))
    import lzma

    return lzma.LZMAFile(cast(Any, raw), verb)
