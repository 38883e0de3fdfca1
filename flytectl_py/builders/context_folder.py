"""The context of a build as a folder: exactly the files of the plan, each checked against its hash as it is written."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

from flytectl_py.errors import FileChangedError, UsageError
from flytectl_py.plan.image import ContextFile, ImagePlan
from flytectl_py.plan.image_plan import context_of

_TIME_NS = 315_532_800 * 1_000_000_000  # 1980-01-01, as in a code bundle


def write_folder(plan: ImagePlan, folder: Path) -> int:
    """Write the Dockerfile and the files of `plan` into `folder`, which may hold nothing else; return how many.

    Modes are 644 or 755, times 1980-01-01: whose files they were, and what umask is in force, changes nothing.

    A folder that cannot be written whole is left as it was found.

    :raises UsageError: the folder is not empty, or cannot be written. :raises OSError: there is no more room.
    :raises FileChangedError: a file is not any more what was hashed.
    """
    files = context_of(plan)
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.listdir(folder):
            raise UsageError(
                f"{folder} is not empty, and a build may see nothing but what was hashed",
                hint="name a new folder, or empty it first",
                where=str(folder),
            )
        try:
            for path, each in files.items():
                _write(folder.joinpath(*path.split("/")), each)
        except BaseException:
            _remove(folder, keep_itself=was_there)
            raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise UsageError(
            f"{error.filename or folder} cannot be written: {error.strerror}", where=str(folder)
        ) from error
    return len(files)


def _remove(folder: Path, *, keep_itself: bool) -> None:
    """Remove what was written into a folder that was empty, or new."""
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink()
    if not keep_itself:
        folder.rmdir()


def _write(target: Path, file: ContextFile) -> None:
    content = file.content
    if content is None:
        try:
            content = Path(file.location).read_bytes()
        except OSError as error:
            raise FileChangedError(f"{file.location} cannot be read any more: {error}", hint="try again") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise FileChangedError(f"{file.location} changed meanwhile", hint="try again", where=file.location)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if file.executable else 0o644)
    os.utime(target, ns=(_TIME_NS, _TIME_NS))
