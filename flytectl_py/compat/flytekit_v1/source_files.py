"""Which files of a folder flytekit 1.16 copies, and the digests that it makes of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from flytectl_py.compat.flytekit_v1.copy_mode import CopyFileDetection
from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.project.source_copies import copied_files, every_file, loaded_files

STANDARD_IGNORES: Final = ("*.pyc", ".cache", ".cache/*", "__pycache__/*", "**/__pycache__", "**/__pycache__/*")
"""Patterns of `fnmatch`, for whole paths relative to the folder."""


def digest_of_tree(folder: str, mode: CopyFileDetection) -> str:
    """Return the MD5 of the files of `folder` that go into an image: 32 hex digits.

    :raises UsageError: there is no such folder.
    """
    top = Path(folder)
    if not top.is_dir():
        raise UsageError(f"{folder} is no folder, and its files are to be copied", where=folder)
    return digest_of(top, image_files(top, mode))


def digest_of_paths(paths: Sequence[str]) -> str:
    """Return one MD5 over files and folders; a file enters by its name alone, a folder by all that is below it.

    flytekit takes folders in the order in which the file system has them, so that a digest over several folders side
    by side is only the same on the same disk. To give the same names, so is this one.
    """
    made = hashlib.md5(usedforsecurity=False)
    for path in paths:
        place = Path(path)
        if place.is_dir():
            for folder, _, names in os.walk(place):
                paths_here = (os.path.relpath(os.path.join(folder, name), place) for name in sorted(names))
                _add(made, place, [each for each in paths_here if (place / each).is_file()])
        elif place.is_file():
            _add(made, place.parent, [place.name])
    return made.hexdigest()


def digest_of(folder: Path, paths: Sequence[str]) -> str:
    """Return the MD5 over `paths` (relative to `folder`), in the order given."""
    made = hashlib.md5(usedforsecurity=False)
    _add(made, folder, paths)
    return made.hexdigest()


def image_files(folder: Path, mode: CopyFileDetection) -> list[str]:
    """Return the files that go into an image, relative to `folder`, sorted. Ignore files count for archives only."""
    return copied_files(folder, "loaded_modules" if mode is CopyFileDetection.LOADED_MODULES else "all")


def archive_files(folder: Path, mode: CopyFileDetection, *, standard: bool = True, follow: bool = False) -> list[str]:
    """Return the files that go into an archive of code, relative to `folder`, in the order of its digest.

    That is sorted, but for `mode` NO_COPY the order of a walk: flytekit's older way, which its digests keep.

    :param standard: leave out what `STANDARD_IGNORES`, git's rules, .dockerignore and .flyteignore name.
    :param follow: enter folders that are symbolic links.
    """
    if mode is CopyFileDetection.LOADED_MODULES:
        return loaded_files(folder)
    rules = _Rules(folder) if standard else None
    kept = [path for path in every_file(folder, follow=follow) if rules is None or not rules.leave_out(path)]
    return kept if mode is CopyFileDetection.NO_COPY else sorted(kept)


def _add(made: hashlib._Hash, folder: Path, paths: Sequence[str]) -> None:
    for path in paths:
        try:
            with open(folder / path, "rb") as content:
                while block := content.read(1 << 16):
                    made.update(block)
        except OSError as error:
            raise UsageError(f"{folder / path} cannot be read: {error.strerror}", where=path) from error
        # flytekit leaves the separators out, and so must this.
        made.update("".join(path.split(os.sep)).encode())


class _Rules:
    """The ignore files of one folder, and what is always left out."""

    def __init__(self, folder: Path) -> None:
        from flytectl_py.project.docker_ignore import parse

        self._by_git = _ignored_by_git(folder)
        files = [folder / name for name in (".dockerignore", ".flyteignore")]
        self._files = [parse(each.read_text(encoding="utf-8"), each.name) for each in files if each.is_file()]

    def leave_out(self, path: str) -> bool:
        if any(fnmatch(path, pattern) for pattern in STANDARD_IGNORES) or path in self._by_git:
            return True
        if path.startswith(f".git{os.sep}"):
            return True
        return any(each.excluded_by(path) for each in self._files)


def _ignored_by_git(folder: Path) -> frozenset[str]:
    """Return what git would not add, asked of git: its rules come from more places than this folder.

    :raises NotReadyError: there is a repository, and no git.
    """
    command = ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        if (folder / ".git").exists():
            raise NotReadyError(f"{folder} is a git repository, and git is not on the PATH") from None
        return frozenset()
    ignored = done.stdout.split(b"\0") if done.returncode == 0 else []  # no repository at all
    return frozenset(os.fsdecode(path) for path in ignored if path)
