"""Writing a code bundle: the manifest's files as one tar.gz that depends on nothing but them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import FileChangedError
from flytectl_py.storage.gzip_stream import GzipWriter
from flytectl_py.storage.hashing import unreadable
from flytectl_py.storage.limits import DEFAULT_LIMITS, Limits
from flytectl_py.storage.tar_format import END, file_header, global_header, padding

CHUNK = 1024 * 1024


class ArchiveInfo(NamedTuple):
    """What was written: its length in bytes, the bundle's digest, and the SHA-256 (hex) of the written bytes.

    The digest names the bundle. The bytes, and so `sha256`, may differ between compressors for one digest.
    """

    bytes: int
    digest: str
    sha256: str


def opener(root: Path) -> Callable[[str], BinaryIO]:
    """Return the usual `open_file` of `write_archive`: paths of the manifest, below `root`, unbuffered."""
    # Bytes: a manifest's paths are UTF-8 whatever the locale says. And a Path for each file costs more than reading it.
    prefix = os.fsencode(os.path.join(root, ""))
    return lambda path: cast(BinaryIO, FileIO(prefix + path.encode()))


def write_archive(
    manifest: Manifest, open_file: Callable[[str], BinaryIO], out: BinaryIO, *, limits: Limits = DEFAULT_LIMITS
) -> ArchiveInfo:
    """Write the archive of `manifest` to `out`, from its start to its end, without seeking; see docs/bundle-format.md.

    Each file is checked against the manifest while it is copied. After an error, what `out` holds is worthless.

    :param open_file: opens a file of the manifest for reading, by its path there.
    :raises FileChangedError: a file is not, or no longer, what the manifest says.
    :raises BundleError: a file cannot be read, or there is more than `limits` allow.
    :raises OSError: `out` could not be written.
    """
    limits.check_size(len(manifest), manifest.total_bytes)
    with GzipWriter(out, limits.check_ratio) as stream:
        write = stream.write
        write(global_header(manifest.digest, manifest.recipe_version))
        for entry in manifest.entries:
            write(file_header(entry.path, entry.size, executable=entry.executable))
            _copy(entry, open_file, write)
            if pad := padding(entry.size):
                write(bytes(pad))
        write(END)
    return ArchiveInfo(stream.written, manifest.digest, stream.sha256)


def _copy(entry: FileEntry, open_file: Callable[[str], BinaryIO], write: Callable[[bytes], None]) -> None:
    try:
        source = open_file(entry.path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise _changed(entry, "is gone") from error
    except OSError as error:
        raise unreadable(entry.path, error) from error
    with source:
        hasher = hashlib.sha256()
        missing = entry.size
        while missing > 0:
            data = _read(source, entry.path, min(missing, CHUNK))
            if not data:
                raise _changed(entry, "became shorter")
            hasher.update(data)
            write(data)
            missing -= len(data)
        if _read(source, entry.path, 1):
            raise _changed(entry, "became longer")
    if hasher.hexdigest() != entry.sha256:
        raise _changed(entry, "has other content")


def _read(source: BinaryIO, path: str, size: int) -> bytes:
    try:
        return source.read(size)
    except OSError as error:
        raise unreadable(path, error) from error


def _changed(entry: FileEntry, how: str) -> FileChangedError:
    return FileChangedError(
        f"'{entry.path}' {how} while the bundle was made",
        hint="run the command again once nothing writes to that file, or leave it out with a line in .flyteignore",
        where=entry.path,
    )
