"""What is here and goes to a store: files, folders and tables, checked, and named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flytectl_py.data.places import local_path
from flytectl_py.data.tables import format_of
from flytectl_py.data.transfer import local_files
from flytectl_py.errors import UsageError
from flytectl_py.model.tables import DataFrame

if TYPE_CHECKING:
    from flytectl_py.wire.offload import Uploaded


class Keeps(Protocol):
    """What a written table asks of the store that it goes to: a part of `wire.offload.Offload`."""

    def put_file(self, path: str, /) -> Uploaded: ...

    def put_folder(self, path: str, /) -> Uploaded: ...


def file_at(path: str) -> Path:
    """Return the local file at a path or ``file://`` URI.

    :raises UsageError: there is none.
    """
    found = Path(local_path(path) or path)
    if not found.is_file():
        raise UsageError(f"there is no file {found} to upload", hint="write it first, or check the path", where=path)
    return found


def files_in(path: str) -> dict[str, Path]:
    """Return the files below a local folder by their path in it, sorted.

    :raises UsageError: there is no such folder.
    """
    found = Path(local_path(path) or path)
    if not found.is_dir():
        raise UsageError(f"there is no folder {found} to upload", hint="write it first, or check the path", where=path)
    files = (Path(each) for each in local_files(str(found)))
    return {each.relative_to(found).as_posix(): each for each in files}


def digest_of_bytes(data: bytes) -> str:
    """Return the MD5 of `data` as hexadecimal digits."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest_of_file(file: Path) -> str:
    """Return the MD5 of a file as hexadecimal digits: the hash that clusters know files by."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def digest_of_files(files: Mapping[str, Path]) -> str:
    """Return what names a folder by the paths and contents of its files, 32 hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    for name, file in files.items():
        path = name.encode("utf-8", "surrogateescape")
        digest.update(b"%d:%b%b" % (len(path), path, bytes.fromhex(digest_of_file(file))))
    return digest.hexdigest()


def keep_table(table: DataFrame, store: Keeps) -> DataFrame:
    """Put a table that is written on this machine into `store`, and return the one that is there."""
    uri = table.uri or ""
    here = Path(local_path(uri) or uri)
    kept = store.put_file(uri) if here.is_file() else store.put_folder(uri)
    return DataFrame(uri=kept.uri, format=format_of(table), hash=table.hash)
