"""What the user points at: one Python file, or a folder of them."""

from __future__ import annotations

import os
from pathlib import Path

from flytectl_py.errors import UsageError, did_you_mean


def locate(target: Path, *, cwd: Path | None = None) -> Path:
    """Return the absolute path of `target`; symbolic links stay as they are.

    :param cwd: what a relative path is relative to; the process's own folder unless given.
    :raises UsageError: it does not exist, or is neither a folder nor a Python file.
    """
    path = absolute(target, cwd)
    if path.is_dir():
        return path
    if path.suffix == ".ipynb":
        raise UsageError(
            f"{target} is a notebook, which cannot be loaded as a module",
            hint=f"export it first: jupyter nbconvert --to script {target}",
            where=str(target),
        )
    try:
        is_file = path.is_file()
    except OSError as error:  # A name that is too long, for one.
        raise UsageError(f"there is no {target}: {error.strerror}", where=str(target)) from error
    if not is_file:
        raise _missing(target, path)
    if path.suffix != ".py":
        raise UsageError(
            f"{target} is not a Python file", hint="give a .py file, or a folder that holds some", where=str(target)
        )
    if not os.access(path, os.R_OK):
        raise UsageError(f"{target} cannot be read: permission denied", hint=f"chmod u+r {target}", where=str(target))
    return path


def absolute(path: Path, cwd: Path | None = None) -> Path:
    """Return `path` absolute and without ``..``, symbolic links not followed.

    :raises FileNotFoundError: the current folder was removed.
    """
    if path.is_absolute():
        return Path(os.path.normpath(path))
    return Path(os.path.normpath((cwd or Path.cwd()) / path))


def inside(path: Path, folder: Path) -> bool:
    """Whether `path` is `folder` or lies in it, by their names alone."""
    return path == folder or folder in path.parents


def is_package(folder: Path) -> bool:
    """Whether `folder` is a regular package."""
    return (folder / "__init__.py").is_file()


def package_parent(folder: Path) -> Path:
    """Return the folder above the top-most regular package that `folder` is part of; `folder` itself if it is none."""
    while is_package(folder) and folder.parent != folder:
        folder = folder.parent
    return folder


def _missing(target: Path, path: Path) -> UsageError:
    if os.path.lexists(path):
        return UsageError(f"{target} is neither a file nor a folder, or leads to nothing", where=str(target))
    if not path.parent.is_dir():
        return UsageError(f"there is no {target}: no folder {path.parent}", where=str(target))
    if path.with_name(path.name + ".py").is_file():
        return UsageError(f"there is no {target}", hint=f"did you mean '{target}.py'?", where=str(target))
    names = sorted(each.name for each in path.parent.iterdir() if each.suffix == ".py" or each.is_dir())
    files = [name for name in names if name.endswith(".py")]
    hint = did_you_mean(path.name, names)
    if not hint and files:
        shown = ", ".join(files[:12]) + (", …" if len(files) > 12 else "")
        hint = f"{path.parent} holds {shown}"
    return UsageError(f"there is no {target}", hint=hint or f"{path.parent} holds no Python file", where=str(target))
