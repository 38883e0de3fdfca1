"""A cache of content hashes by what stat says of a file: a hint that saves reading files that did not change."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

RACY_NS = 2_000_000_000
"""A file that changed less than this before it was read is not remembered: it could change again unseen by its times.
Two seconds is the coarsest clock of a file system in use (FAT)."""

_MAGIC = b"flyte-stat-index-1\n"
_CHECKSUM_BYTES = 16
_RECORD = struct.Struct("<QqqQ64s")
_LEAST_KEPT = 20_000


class Fingerprint(NamedTuple):
    """What has to be equal for a file to count as unchanged: bytes, nanoseconds, nanoseconds, inode."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def settled(cls, found: os.stat_result, now_ns: int) -> Fingerprint | None:
        """Return the fingerprint, or None where the file changed so shortly before `now_ns` that it proves nothing."""
        latest = max(found.st_mtime_ns, found.st_ctime_ns)
        return None if latest > now_ns - RACY_NS else fingerprint(found)


def fingerprint(found: os.stat_result) -> Fingerprint:
    """Return what identifies this state of a file."""
    return Fingerprint(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class StatIndex:
    """Hashes (hex SHA-256) by path and fingerprint, for one root folder.

    It lives in one file that is only ever replaced as a whole, so processes that use it at once cannot damage it; the
    last one's memory stays. A file that is missing, damaged or of another version counts as empty.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, tuple[int, int, int, int, bytes]] = _load(file)
        self._used: set[str] = set()
        self._changed = False

    @classmethod
    def for_root(cls, folder: Path, root: Path) -> StatIndex:
        """Return the index of `root` among those of several roots in `folder`."""
        return cls(folder / f"{hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32]}.stat")

    def __len__(self) -> int:
        return len(self._known)

    def get(self, path: str, found: os.stat_result) -> str | None:
        """Return the hash of the file at `path` if it still is as it was when it was hashed."""
        known = self._known.get(path)
        if known is None or known[:4] != (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino):
            return None
        self._used.add(path)
        return known[4].decode()

    def remember(self, path: str, seen: Fingerprint | None, sha256: str) -> None:
        """Remember the hash of the file at `path`; None for `seen` forgets it."""
        if seen is None:
            self._changed |= self._known.pop(path, None) is not None
        else:
            self._known[path] = (*seen, sha256.encode())
            self._used.add(path)
            self._changed = True

    def save(self) -> bool:
        """Write the index if it changed; return whether it is on disk: a cache that cannot be written is no error."""
        if not self._changed:
            return True
        partial = self._file.with_name(f"{self._file.name}.{os.urandom(8).hex()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(self._packed())
            partial.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return False
        self._changed = False
        return True

    def _packed(self) -> bytes:
        # Other selections of the same folder are kept, as long as they do not outgrow this one.
        room = max(_LEAST_KEPT, 2 * len(self._used))
        others = [path for path in self._known if path not in self._used]
        paths = [*self._used, *others[:room]]
        names = "\0".join(paths).encode("utf-8", "surrogateescape")
        records = b"".join([_RECORD.pack(*self._known[path]) for path in paths])
        payload = struct.pack("<QQ", len(paths), len(names)) + names + records
        return _MAGIC + _checksum(payload) + payload


def _load(file: Path) -> dict[str, tuple[int, int, int, int, bytes]]:
    try:
        data = file.read_bytes()
    except OSError:
        return {}
    start = len(_MAGIC) + _CHECKSUM_BYTES
    payload = data[start:]
    if not data.startswith(_MAGIC) or data[len(_MAGIC) : start] != _checksum(payload):
        return {}
    count, length = struct.unpack_from("<QQ", payload)
    names = payload[16 : 16 + length].decode("utf-8", "surrogateescape").split("\0")
    records = _RECORD.iter_unpack(payload[16 + length :])
    return dict(zip(names, records, strict=True)) if count else {}


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()[:_CHECKSUM_BYTES]
