"""`fast_package`: the archive of a Flyte 1 project's code, named by its content as flytekit 1.16 names it."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.compat.flytekit_v1.source_files import archive_files, digest_of
from flytectl_py.errors import NotReadyError, UsageError

# flytekit's: the first day that a ZIP archive can hold.
MTIME: Final = 315532800
LEVEL: Final = 6


@dataclass
class FastPackageOptions:
    """What goes into an archive.

    :param ignores: further rules: callables that take a path relative to the folder and say whether it is left out.
    :param keep_default_ignores: leave out by-products, and what git's rules, .dockerignore and .flyteignore name.
    :param copy_style: which files: all of the folder's, or those of loaded modules.
    :param show_files: print the names of the files.
    """

    ignores: Sequence[Any] = field(default_factory=list)
    keep_default_ignores: bool = True
    copy_style: CopyFileDetection | None = None
    show_files: bool = False


def fast_package(
    source: str | os.PathLike[str],
    output_dir: str | os.PathLike[str] | None,
    deref_symlinks: bool = False,
    options: FastPackageOptions | None = None,
) -> Path:
    """Write ``fast<MD5>.tar.gz`` with the files of a folder, and return its path. Equal files, equal name.

    :param output_dir: made where it is missing; None is a new temporary folder.
    :param deref_symlinks: put in what symbolic links lead to, instead of links.
    :raises UsageError: no such folder, or nothing in it.
    :raises NotReadyError: the archive cannot be written.
    """
    settings = options or FastPackageOptions()
    top = Path(source)
    if not top.is_dir():
        raise UsageError(f"{top} is no folder", where=str(top))
    paths = _paths(top, settings, deref_symlinks)
    if not paths:
        raise UsageError(f"{top} holds no file to package", hint="look at its ignore files", where=str(top))
    if settings.show_files:
        print("\n".join(paths))  # noqa: T201  what the option is for
    try:
        folder = Path(tempfile.mkdtemp(prefix="flyte-fast-") if output_dir is None else output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f"fast{digest_of(top, paths)}.tar.gz"
        _write(archive, top, paths, deref_symlinks)
    except OSError as error:
        raise NotReadyError(
            f"the archive cannot be written: {error.strerror or error}", where=str(error.filename)
        ) from error
    return archive


def _paths(top: Path, settings: FastPackageOptions, follow: bool) -> list[str]:
    mode = settings.copy_style or CopyFileDetection.NO_COPY
    paths = archive_files(top, mode, standard=settings.keep_default_ignores, follow=follow)
    return [path for path in paths if not any(_ignores(rule, top, path) for rule in settings.ignores)]


def _ignores(rule: Any, top: Path, path: str) -> bool:
    """Whether one of the further rules leaves a path out; a class of flytekit's is made for the folder first."""
    made = rule(top) if isinstance(rule, type) else rule
    asked = getattr(made, "is_ignored", made)
    return bool(asked(path))


def _write(archive: Path, top: Path, paths: Sequence[str], deref_symlinks: bool) -> None:
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        with (
            part.open("wb") as out,
            gzip.GzipFile("", "wb", LEVEL, out, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", dereference=deref_symlinks) as tar,
        ):
            for path in sorted(paths):
                tar.add(top / path, arcname=path, recursive=False, filter=_without_the_machine)
        part.replace(archive)
    finally:
        part.unlink(missing_ok=True)


def _without_the_machine(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = MTIME, 0, 0, "", ""
    return entry
