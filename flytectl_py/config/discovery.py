"""Where the configuration file is: the places that are searched, and the top of the git working tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from flytectl_py.errors import ConfigError

FOLDER = ".flyte"
# Never a bare config.yaml: that is the user's own data.
FILE_NAMES = ("config.toml", "config.yaml", "config.yml")
FILE_VARIABLES = ("FLYTECTL_CONFIG", "FLYTE_CONFIG", "UCTL_CONFIG")


def find(*, start: Path | None = None, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the configuration file that is in force, or None.

    In this order: what `FILE_VARIABLES` name; ``.flyte/config.{toml,yaml,yml}`` in `start` (the working directory) and,
    within a git working tree, in its parents up to the tree's top; the same in the home folder; then
    ``~/.union/config.yaml``.

    :raises ConfigError: a variable names a file that does not exist.
    """
    if environ is None:
        environ = os.environ
    for variable in FILE_VARIABLES:
        named = environ.get(variable, "")
        if named:
            path = Path(os.path.expanduser(named))
            if not path.is_file():
                raise ConfigError(f"no such file: {named}", hint=f"correct or unset {variable}", where=variable)
            return path
    for place in _places(start or _here(), environ):
        # One look at a folder that is mostly absent, before three at what it may hold.
        if place.is_dir():
            names = FILE_NAMES if place.name == FOLDER else ("config.yaml",)
            for name in names:
                if (place / name).is_file():
                    return place / name
    return None


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # It was removed under us; there is nothing in it.
        return Path(os.path.expanduser("~"))


def _places(start: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    top = git_top(start)
    folder = start
    while True:
        yield folder / FOLDER
        if top is None or folder in {top, folder.parent}:
            break
        folder = folder.parent
    home = environ.get("HOME") or os.path.expanduser("~")
    yield Path(home) / FOLDER
    yield Path(home) / ".union"


def git_top(start: Path) -> Path | None:
    """Return the top of the git working tree that holds `start`, or None outside one. Git is not run.

    The top is the folder with ``.git``, which is a file in worktrees and submodules.
    """
    for folder in (start, *start.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    return None
