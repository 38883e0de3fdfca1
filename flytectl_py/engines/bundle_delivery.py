"""A planned bundle on its way out: packed into a file, or sent to a store."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from flytectl_py.engines.bundle_history import remember
from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.bundling import ARCHIVE_ENDINGS, Request, is_bundle, plan_bundle
from flytectl_py.errors import FileChangedError, NotReadyError, UsageError
from flytectl_py.plan.bundle import BundlePlan
from flytectl_py.project.candidates import PARTIAL
from flytectl_py.project.state import state_folder
from flytectl_py.storage.archive import ArchiveInfo, opener, write_archive

Progress = Callable[[str, int, int], None]
"""Told what is done (``packing``, ``sending``), the bytes done so far and the bytes in all."""


class Delivered(NamedTuple):
    """Where an archive is now: a path or a URI. `bytes` is its packed size; `uploaded` whether a store needed it."""

    place: str
    bytes: int
    uploaded: bool = False
    is_uri: bool = False


def make_bundle(
    code: Code, request: Request, to: str | None = None, progress: Progress | None = None
) -> tuple[BundlePlan, Delivered | None]:
    """Plan the bundle of `code` and deliver it to `to`; without `to` nothing is packed.

    A file that changes while it is packed makes everything start over, once.

    :param to: a file, a folder (that exists, or with a slash at its end) or a URI. In a folder and in a store the
        archive's name is ``<digest>.tar.gz``.
    :raises FlyteError: as `plan_bundle`, `write_bundle` and `push_bundle`.
    """
    try:
        return _made(code, request, to, progress)
    except FileChangedError:
        return _made(code, request, to, progress)


def _made(
    code: Code, request: Request, to: str | None, progress: Progress | None
) -> tuple[BundlePlan, Delivered | None]:
    plan = plan_bundle(code, request)
    delivered = None if to is None else deliver(plan, to, progress)
    remember(plan, Path(plan.root), "bundle")
    return plan, delivered


def deliver(plan: BundlePlan, to: str, progress: Progress | None = None) -> Delivered:
    """Write the archive of `plan` to a file or folder, or send it to a store, by what `to` is."""
    from flytectl_py.storage.registry import is_uri

    if not to:
        raise UsageError("where to? --output needs a file, a folder or a URI", where="--output")
    return push_bundle(plan, to, progress) if is_uri(to) else write_bundle(plan, to, progress)


def write_bundle(plan: BundlePlan, to: str, progress: Progress | None = None) -> Delivered:
    """Write the archive; under its final name it is complete or not there at all.

    :raises NotReadyError: it cannot be written: no space, no permission.
    :raises UsageError: a file of the bundle has that name, or what is no file, as a pipe or a device.
    :raises FileChangedError: a file is no longer what the plan says.
    """
    target = Path(to, f"{plan.digest}.tar.gz") if to.endswith("/") or os.path.isdir(to) else Path(to)
    _check_target(plan, target)
    if not to.endswith("/") and not target.parent.is_dir():
        raise UsageError(
            f"there is no folder {target.parent}",
            hint="make it first; only a folder with a / at its end is made for you",
            where="--output",
        )
    packed = _packed_before(plan)
    if packed is not None and _is_archive(target, packed):
        return Delivered(str(target), packed.bytes)
    try:
        final = Path(os.path.realpath(target))  # a link stays, and what it leads to is replaced
        final.parent.mkdir(parents=True, exist_ok=True)
        with _partial(final) as out:
            info = _pack(plan, out, progress)
        _remember_packed(plan, info)
    except OSError as error:
        raise NotReadyError(
            f"cannot write {target}: {error.strerror or error}",
            hint="make room there, or name another place",
            where=str(target),
        ) from error
    return Delivered(str(target), info.bytes)


def _check_target(plan: BundlePlan, target: Path) -> None:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", str(target)):
        raise UsageError(
            f"{target} is neither a path nor a URI", hint="a URI has two slashes: s3://bucket/prefix", where="--output"
        )
    if not target.exists() and not target.name.endswith(ARCHIVE_ENDINGS):
        raise UsageError(
            f"{target} is no name for an archive",
            hint="end it in .tar.gz, or in / if it is a folder to make",
            where="--output",
        )
    if target.is_symlink() and not target.exists() and os.path.lexists(os.path.realpath(target)):
        raise UsageError(
            f"{target} is a symbolic link that leads to itself",
            hint="name another file with --output",
            where="--output",
        )
    if target.exists() and not target.is_file():
        raise UsageError(
            f"{target} is neither a file nor a folder",
            hint="name a file or a folder with --output, e.g. bundle.tar.gz",
            where="--output",
        )
    if not target.is_file():
        return
    if target.stat().st_size and not is_bundle(target):
        raise UsageError(
            f"{target} is there already and is no bundle; it would be overwritten",
            hint="name another file with --output, e.g. bundle.tar.gz",
            where="--output",
        )
    real, root = os.path.realpath(target), os.path.join(os.path.realpath(plan.root), "")
    if real.startswith(root) and real[len(root) :] in plan.whys:
        raise UsageError(
            f"{target} is a file of the project, and would be overwritten",
            hint="name another file with --output, e.g. bundle.tar.gz",
            where="--output",
        )


def push_bundle(plan: BundlePlan, uri: str, progress: Progress | None = None) -> Delivered:
    """Send the archive to the store at `uri`, unless the store says that it has it.

    :raises FlyteError: as the store says.
    """
    from flytectl_py.storage.registry import open_store

    key = f"{plan.digest}.tar.gz"
    with open_store(uri) as store:
        packed = _packed_before(plan)
        if packed is not None and store.holds(key, size=packed.bytes, sha256=packed.sha256):
            return Delivered(store.uri(key), packed.bytes, is_uri=True)
        with packed_file(plan, progress) as (file, info):

            def reopened(file: str = file) -> BinaryIO:
                return Path(file).open("rb")

            put = store.put(
                key,
                reopened,
                size=info.bytes,
                sha256=info.sha256,
                progress=(lambda done, total: progress("sending", done, total)) if progress else None,
            )
    return Delivered(put.uri, info.bytes, put.uploaded, is_uri=True)


def _pack(plan: BundlePlan, out: BinaryIO, progress: Progress | None) -> ArchiveInfo:
    if progress is None:
        return write_archive(plan.manifest, opener(Path(plan.root)), out)
    done, total = 0, plan.manifest.total_bytes

    def tell(read: int) -> None:
        nonlocal done
        done += read
        progress("packing", done, total)

    prefix = os.fsencode(os.path.join(plan.root, ""))
    return write_archive(plan.manifest, lambda path: cast(BinaryIO, _Told(prefix + path.encode(), tell)), out)


class _Told(FileIO):
    """A file that tells how many bytes are read from it."""

    def __init__(self, path: bytes, tell: Callable[[int], None]) -> None:
        super().__init__(path)
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._tell(len(data or b""))
        return data or b""


@contextmanager
def packed_file(plan: BundlePlan, progress: Progress | None = None) -> Iterator[tuple[str, ArchiveInfo]]:
    """Pack into a temporary file for as long as the block runs, and remember what came of it."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(prefix="flyte-bundle-", suffix=".tar.gz", buffering=0) as out:
            info = _pack(plan, out, progress)  # type: ignore[arg-type]  # a file without a buffer takes bytes as well
            _remember_packed(plan, info)
            yield out.name, info
    except OSError as error:
        raise NotReadyError(
            f"cannot pack the bundle in {tempfile.gettempdir()}: {error.strerror or error}",
            hint="make room there, or set TMPDIR to a folder that has some",
        ) from error


def _remember_packed(plan: BundlePlan, info: ArchiveInfo) -> None:
    """Keep what packing gave, so that the same bundle need not be packed again to know it."""
    with contextlib.suppress(OSError):
        _replace(_packed_file(plan), json.dumps({"digest": info.digest, "bytes": info.bytes, "sha256": info.sha256}))


def _is_archive(file: Path, packed: ArchiveInfo) -> bool:
    """Whether `file` is, to the byte, what packing gave before."""
    try:
        if not file.is_file() or file.stat().st_size != packed.bytes:
            return False
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == packed.sha256
    except OSError:
        return False


def _packed_before(plan: BundlePlan) -> ArchiveInfo | None:
    """Return what packing this very bundle gave here the last time: a store that holds just that needs nothing."""
    try:
        read = json.loads(_packed_file(plan).read_bytes())
        found = ArchiveInfo(int(read["bytes"]), str(read["digest"]), str(read["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.digest == plan.digest else None


def _packed_file(plan: BundlePlan) -> Path:
    return state_folder(Path(plan.root)) / "last-archive.json"


@contextmanager
def _partial(target: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `target` that takes its name at the end; what killed processes left there is cleared."""
    prefix = f".{target.name}{PARTIAL}"
    for name in os.listdir(target.parent):
        if name.startswith(prefix):
            _clear_if_left(target.parent / name)
    growing = target.with_name(f"{prefix}{os.urandom(8).hex()}")
    try:
        with growing.open("xb", buffering=0) as out:
            fcntl.flock(out, fcntl.LOCK_EX)
            yield out
            growing.replace(target)
    finally:
        growing.unlink(missing_ok=True)


def _clear_if_left(growing: Path) -> None:
    """Remove a partial file that nobody holds."""
    with contextlib.suppress(OSError), growing.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        growing.unlink()


def _replace(file: Path, text: str) -> None:
    growing = file.with_name(f"{file.name}.{os.urandom(8).hex()}")
    try:
        growing.write_text(text, encoding="utf-8")
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)
