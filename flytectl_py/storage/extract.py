"""Reading a code bundle's archive: what it says it is, whether that is true, and its files into a folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from flytectl_py.digest.manifest import FileEntry, Manifest, file_entry
from flytectl_py.errors import BundleError, ConflictError, FlyteError, NotReadyError, UsageError
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.limits import DEFAULT_LIMITS, Limits
from flytectl_py.storage.tar_reader import BundleHeader, Member, TarReader


def read_header(archive: Path | BinaryIO) -> BundleHeader | None:
    """Return the digest and the recipe that the archive names, unchecked; None where it names none.

    :raises BundleError: it is not a tar.gz, or its header is malformed.
    :raises UsageError: there is no such file.
    """
    with _reading(archive, DEFAULT_LIMITS) as reader:
        return reader.header


def verify(archive: Path | BinaryIO, *, limits: Limits = DEFAULT_LIMITS) -> Manifest:
    """Read the whole archive and return its manifest, which is the one that its header names.

    :raises BundleError: the archive is damaged, unsafe, past `limits`, names no digest or other content's.
    :raises UsageError: there is no such file.
    """
    with _reading(archive, limits) as reader:
        header = reader.header
        if header is None:
            raise BundleError(
                "the archive does not say which bundle it is, so nothing can be verified",
                hint="make it with: flyte bundle FILE -o bundle.tar.gz",
                where=_name(archive),
            )
        manifest = _manifest(_entries(reader), _name(archive))
        _expect(manifest, header.digest, _name(archive))
        return manifest


def extract(
    archive: Path | BinaryIO, into: Path, expected_digest: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Manifest:
    """Unpack the archive into the folder `into`, all of it or nothing, and return what was unpacked.

    The files go into a folder beside `into` that is renamed at the end, so a folder of the name `into` is always
    complete. Of several processes that unpack to one place, one does and the others find it there. A folder that
    exists already is left as it is if it holds the bundle's files (others may lie between them); an empty one is used.

    :param expected_digest: which bundle it has to be; None accepts what the archive names, or one that names nothing.
    :raises BundleError: the archive is damaged, unsafe, past `limits`, or another bundle.
    :raises ConflictError: `into` exists and holds something else.
    :raises NotReadyError: the files cannot be written: no space, no permission.
    :raises UsageError: there is no such archive.
    """
    into = into.resolve()
    where = _name(archive)
    with _reading(archive, limits) as reader, _writing(into), _only_one(into):
        header = reader.header
        if header is not None and expected_digest not in {None, header.digest}:
            raise _other_bundle(header.digest, str(expected_digest), where)
        digest = expected_digest or (header.digest if header else None)
        if _occupied(into):
            manifest = _manifest(_entries(reader), where)
            _expect(manifest, digest, where)
            return _held(into, manifest)
        partial = into.parent / f"{_partial_prefix(into)}{secrets.token_hex(8)}"
        partial.mkdir()
        try:
            manifest = _manifest(_unpack(reader, partial), where)
            _expect(manifest, digest, where)
            return _put_in_place(partial, into, manifest)
        finally:
            shutil.rmtree(partial, ignore_errors=True)  # it is gone when all went well


def _entries(reader: TarReader) -> Iterator[FileEntry]:
    for member, pieces in reader.members():
        yield file_entry(member.path, pieces, executable=member.executable)


def _unpack(reader: TarReader, folder: Path) -> Iterator[FileEntry]:
    # Bytes: a manifest's paths are UTF-8 whatever the locale says. And a Path for each file costs more than writing it.
    prefix = os.fsencode(os.path.join(folder, ""))
    made: set[str] = {""}
    for member, pieces in reader.members():
        parent = member.path.rpartition("/")[0]
        try:
            if parent not in made:
                os.makedirs(prefix + parent.encode(), exist_ok=True)
                made.add(parent)
            yield _write(prefix, member, pieces)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BundleError(
                f"'{member.path}' is in the bundle twice, or this file system does not tell its name from another's",
                hint="rename one of two files whose names differ only by case or Unicode form",
                where=member.path,
            ) from error
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise BundleError(f"'{member.path[:80]}…' is too long a name here", where=member.path) from error


def _write(prefix: bytes, member: Member, pieces: Iterator[bytes]) -> FileEntry:
    # The umask applies to these modes as to any file that a user makes.
    mode = 0o777 if member.executable else 0o666
    file = os.open(prefix + member.path.encode(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    hasher = hashlib.sha256()
    try:
        for piece in pieces:
            hasher.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
    return FileEntry(member.path, member.executable, member.size, hasher.hexdigest())


def _put_in_place(partial: Path, into: Path, manifest: Manifest) -> Manifest:
    try:
        partial.rename(into)
    except OSError:
        # Where folders cannot be locked, another process may have been first.
        if not _occupied(into):
            raise
        return _held(into, manifest)
    return manifest


def _held(into: Path, manifest: Manifest) -> Manifest:
    """Return `manifest` if its files lie in `into`."""
    try:
        here = hash_files(into, [os.fsdecode(entry.path.encode()) for entry in manifest])
        different = next((ours.path for ours, theirs in zip(manifest, here, strict=True) if ours != theirs), "")
    except BundleError as error:
        different = error.where
    if different:
        raise ConflictError(
            f"{into} exists and is not this bundle: '{different}' is missing or different there",
            hint="remove that folder, or name another",
            where=str(into),
        )
    return manifest


def others(into: Path, manifest: Manifest) -> list[str]:
    """Return the files below `into` that are none of `manifest`, sorted; a folder that has only such is one entry."""
    ours = {entry.path for entry in manifest}
    folders = {path[: index + 1] for path in ours for index, char in enumerate(path) if char == "/"}
    found: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(into / folder) as entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                if f"{path}/" in folders:
                    waiting.append(f"{path}/")
                elif path not in ours:
                    found.append(path)
    return sorted(found)


def _occupied(into: Path) -> bool:
    try:
        with os.scandir(into) as found:
            return any(found)
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise ConflictError(f"{into} exists and is not a folder", hint="name another", where=str(into)) from error


@contextmanager
def _only_one(into: Path) -> Iterator[None]:
    """Hold the folder above `into`, so that one process unpacks there at a time; and clear what killed ones left."""
    into.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(into.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError:  # some network file systems cannot lock a folder: then the first rename wins
            yield
            return
        for left in into.parent.glob(f"{_partial_prefix(into).translate(_GLOB_QUOTED)}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(folder)


_GLOB_QUOTED = {ord(char): f"[{char}]" for char in "*?["}


def _partial_prefix(into: Path) -> str:
    return f".{into.name}.partial-"


@contextmanager
def _writing(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotReadyError(
            f"cannot unpack into {into}: {error.strerror or error}",
            hint="make room, or name a folder that can be written",
            where=str(into),
        ) from error


@contextmanager
def _reading(archive: Path | BinaryIO, limits: Limits) -> Iterator[TarReader]:
    with contextlib.ExitStack() as stack:
        if isinstance(archive, Path):
            try:
                source: BinaryIO = stack.enter_context(archive.open("rb"))
            except OSError as error:
                raise UsageError(
                    f"cannot read the archive {archive}: {error.strerror}", hint="check the path", where=str(archive)
                ) from error
        else:
            source = archive
        yield TarReader(source, limits, _name(archive))


def _manifest(entries: Iterator[FileEntry], where: str) -> Manifest:
    listed = list(entries)
    try:
        return Manifest(listed)
    except UsageError as error:
        # Whoever unpacks did not write that list: it is the archive that is at fault.
        raise BundleError(f"not a sound code bundle: {error.message}", where=where) from error


def _expect(manifest: Manifest, digest: str | None, where: str) -> None:
    if digest is not None and manifest.digest != digest:
        raise _other_bundle(manifest.digest, digest, where)


def _other_bundle(found: str, expected: str, where: str) -> FlyteError:
    return BundleError(
        f"the archive's content is bundle {found}, and {expected} was expected",
        hint="it was damaged or changed on its way; make or download it again",
        where=where,
    )


def _name(archive: Path | BinaryIO) -> str:
    return str(archive) if isinstance(archive, Path) else str(getattr(archive, "name", "") or "the archive")
