"""The list of files of a code bundle, and the digest that names it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flytectl_py.digest.framing import encode_record
from flytectl_py.errors import UsageError

RECIPE_VERSION = 1
"""Goes up whenever the digest of an unchanged manifest would change."""

SHORT_DIGEST = 12
"""How many hexadecimal digits of a digest are shown to a person; keys, JSON and archives hold all 64."""


class FileEntry(NamedTuple):
    """One regular file: its POSIX path, relative to the root; its size in bytes; its content's SHA-256 in hex."""

    path: str
    executable: bool
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The files of one bundle, sorted by the UTF-8 bytes of their paths: what is shown, hashed and packed.

    :raises UsageError: no files, a path that `path_problem` objects to, one path twice, a file that is also a folder.
    """

    entries: tuple[FileEntry, ...]
    recipe_version: int = RECIPE_VERSION

    def __init__(self, entries: Iterable[FileEntry], recipe_version: int = RECIPE_VERSION) -> None:
        # Code points sort as their UTF-8 bytes do.
        ordered = tuple(sorted(entries))
        if recipe_version != RECIPE_VERSION:
            raise UsageError(
                f"bundle recipe {recipe_version} is not known; this version knows {RECIPE_VERSION}",
                hint="upgrade: pip install -U flytectl-py",
            )
        _check(ordered)
        object.__setattr__(self, "entries", ordered)
        object.__setattr__(self, "recipe_version", recipe_version)

    def __iter__(self) -> Iterator[FileEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def total_bytes(self) -> int:
        """The sum of the files' sizes."""
        return sum(entry.size for entry in self.entries)

    @cached_property
    def digest(self) -> str:
        """See `bundle_digest`."""
        hasher = hashlib.sha256(encode_record("bundle", {"recipe": self.recipe_version}))
        hasher.update(b"".join([encode_entry(entry) for entry in self.entries]))
        return hasher.hexdigest()


def bundle_digest(manifest: Manifest) -> str:
    """Return the name of a bundle: SHA-256, 64 hex digits, over its recipe version and each file in order.

    Nothing but the manifest goes in: no clock, owner, umask, folder, locale, compressor or version of anything.
    """
    return manifest.digest


def short_digest(digest: str) -> str:
    """Return the first digits of `digest`, for a line that a person reads."""
    return digest[:SHORT_DIGEST]


def encode_entry(entry: FileEntry) -> bytes:
    """Return ``encode_record("file", {"executable": …, "path": …, "sha256": …, "size": …})``, written out for speed."""
    path, size = entry.path.encode(), b"%d" % entry.size
    payload = b"s4:files10:executableb1:%ds4:paths%d:%bs6:sha256s%d:%bs4:sizei%d:%b" % (
        1 if entry.executable else 0,
        len(path),
        path,
        len(entry.sha256),
        entry.sha256.encode(),
        len(size),
        size,
    )
    return b"r%d:%b" % (len(payload), payload)


def file_entry(path: str, chunks: Iterable[bytes], *, executable: bool = False) -> FileEntry:
    """Return the entry of a file whose content is `chunks`, one after another."""
    hasher, size = hashlib.sha256(), 0
    for chunk in chunks:
        hasher.update(chunk)
        size += len(chunk)
    return FileEntry(path, executable, size, hasher.hexdigest())


def path_problem(path: str) -> str:
    """Return why `path` cannot stand in a manifest, or an empty string.

    It has to mean the same file, under the root, wherever the bundle is unpacked: so it is relative, with no ``.``,
    ``..`` or empty part, no backslash (a separator elsewhere), no NUL, and valid Unicode. Its normal form is left as
    it is.
    """
    if not path:
        return "is empty"
    if "\0" in path:
        return "has a NUL character"
    if "\\" in path:
        return "has a backslash, which separates folders on some systems"
    if path[0] == "/":
        return "is absolute"
    if path[-1] == "/" or "//" in path:
        return "has an empty part"
    if (path[0] == "." or "/." in path) and any(part in {".", ".."} for part in path.split("/")):
        return "has a part '.' or '..'"
    if not path.isascii():
        try:
            path.encode()
        except UnicodeEncodeError:
            return "is not valid UTF-8"
    return ""


def collisions(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of paths that need a file system which tells names apart by case and Unicode normal form.

    Linux has such, macOS does not by default. A file also collides with a folder of its name.
    """
    files: dict[str, list[str]] = {}
    for path in paths:
        files.setdefault(_folded(path), []).append(path)
    for folded, group in list(files.items()):
        parent = folded.rpartition("/")[0]
        while parent:
            if parent in files and group[0] not in files[parent]:
                files[parent].append(group[0])
            parent = parent.rpartition("/")[0]
    return sorted(tuple(sorted(group)) for group in files.values() if len(group) > 1)


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _check(ordered: tuple[FileEntry, ...]) -> None:
    if not ordered:
        raise UsageError(
            "a code bundle has at least one file, and there is none", hint="name a file or a folder that has some"
        )
    previous, folders = "", set()
    for path, _, size, sha256 in ordered:
        if problem := path_problem(path):
            raise UsageError(
                f"the path {path!r} {problem}, so it cannot be part of a code bundle",
                hint="rename the file, or leave it out with a line in .flyteignore",
                where=ascii(path)[1:-1],
            )
        if path == previous:
            raise UsageError(f"'{path}' is in the code bundle twice", where=path)
        if len(sha256) != hashlib.sha256().digest_size * 2 or size < 0:
            raise UsageError(f"'{path}' has no SHA-256 or no size", where=path)
        previous = path
        folders.add(path.rpartition("/")[0])
    paths = {entry.path for entry in ordered}
    for folder in folders:
        while folder:
            if folder in paths:
                raise UsageError(f"'{folder}' is both a file and a folder in the code bundle", where=folder)
            folder = folder.rpartition("/")[0]  # noqa: PLW2901
