"""The manifest of real files: each one's size, executable bit and SHA-256, with or without a stat index."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import BundleError, FileChangedError
from flytectl_py.storage.stat_index import Fingerprint, StatIndex, fingerprint

_CHUNK = 1024 * 1024
# hashlib lets other threads run while it works, which pays once that takes longer than handing over.
_WORTH_A_THREAD = 256 * 1024
_THREADS = 4
_UTF8_NAMES = sys.getfilesystemencoding() == "utf-8"


def hash_files(root: Path, paths: Iterable[str], index: StatIndex | None = None) -> Manifest:
    """Return the manifest of the regular files at `paths`, POSIX and relative to `root`; symbolic links are followed.

    A file that `index` knows is not read; what had to be read is remembered in it (the caller saves it).
    Executable means that its owner may execute it, as in git.

    :param paths: as this process spells them; the manifest has the same bytes read as UTF-8, whatever the locale.
    :raises FileChangedError: a file is gone, or changed while it was read.
    :raises BundleError: a file cannot be read, or is not a regular file.
    :raises UsageError: what `Manifest` refuses.
    """
    prefix = os.path.join(root, "")  # a Path for each of many files costs more than its stat
    entries: list[FileEntry] = []
    small: list[tuple[str, bool]] = []
    large: list[tuple[str, bool]] = []
    for path in paths:
        found = _stat(prefix, path)
        executable = bool(found.st_mode & stat.S_IXUSR)
        known = index.get(path, found) if index is not None else None
        if known is not None:
            entries.append(FileEntry(_as_utf8(path), executable, found.st_size, known))
        else:
            (large if found.st_size >= _WORTH_A_THREAD else small).append((path, executable))
    for path, executable, size, sha256, seen in _hash_all(prefix, small, large):
        entries.append(FileEntry(_as_utf8(path), executable, size, sha256))
        if index is not None:
            index.remember(path, seen, sha256)
    return Manifest(entries)


_Hashed = tuple[str, bool, int, str, Fingerprint | None]


def _hash_all(prefix: str, small: list[tuple[str, bool]], large: list[tuple[str, bool]]) -> list[_Hashed]:
    if len(large) < 2:
        return [_hash(prefix, *each) for each in (*small, *large)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_THREADS, len(large)), thread_name_prefix="flyte-hash") as pool:
        coming = [pool.submit(_hash, prefix, *each) for each in large]
        try:
            here = [_hash(prefix, *each) for each in small]
            return here + [each.result() for each in coming]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _hash(prefix: str, path: str, executable: bool) -> _Hashed:
    try:
        file = os.open(prefix + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _gone(path) from error
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        now = time.time_ns()
        before = os.fstat(file)
        size, hasher = 0, hashlib.sha256()
        while data := os.read(file, min(_CHUNK, before.st_size - size + 1)):
            hasher.update(data)
            size += len(data)
            if size > before.st_size:
                break
        after = os.fstat(file)
    except OSError as error:
        raise unreadable(path, error) from error
    finally:
        os.close(file)
    if size != before.st_size or fingerprint(before) != fingerprint(after):
        raise FileChangedError(
            f"'{path}' changed while it was read",
            hint="run the command again once nothing writes to that file, or leave it out with a line in .flyteignore",
            where=path,
        )
    return path, executable, size, hasher.hexdigest(), Fingerprint.settled(before, now)


def _as_utf8(path: str) -> str:
    return path if _UTF8_NAMES or path.isascii() else os.fsencode(path).decode("utf-8", "surrogateescape")


def _stat(prefix: str, path: str) -> os.stat_result:
    try:
        found = os.stat(prefix + path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _gone(path) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error if isinstance(error, OSError) else OSError(str(error))) from error
    if not stat.S_ISREG(found.st_mode):
        raise BundleError(
            f"'{path}' is not a regular file", hint="leave it out with a line in .flyteignore", where=path
        )
    return found


def _gone(path: str) -> FileChangedError:
    return FileChangedError(f"'{path}' is gone", hint="run the command again", where=path)


def unreadable(path: str, error: OSError) -> BundleError:
    """Return the error for a file that exists and cannot be read."""
    return BundleError(
        f"cannot read '{path}': {error.strerror or error}",
        hint="make it readable, or leave it out with a line in .flyteignore",
        where=path,
    )
