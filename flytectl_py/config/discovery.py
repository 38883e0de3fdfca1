"""Where the configuration file is: the places that are searched, and the top of the git working tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from flytectl_py.errors import ConfigError

FOLDER = ".flyte"
FILE_NAMES = ("config.toml", "config.yaml", "config.yml")
BARE_NAMES = ("config.yaml",)
OWN_VARIABLE = "FLYTE_CONFIG"
"""What ``--config`` is on the command line, so it comes before every place."""
FILE_VARIABLES = (OWN_VARIABLE, "UCTL_CONFIG", "FLYTECTL_CONFIG")


def find(*, start: Path | None = None, environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the configuration file that is in force, or None.

    In this order: what ``FLYTE_CONFIG`` names; ``config.yaml`` in `start` (the working directory), if it is one of
    ours; ``.flyte/config.{toml,yaml,yml}`` in `start` and, within a git working tree, in its parents up to the tree's
    top; what ``UCTL_CONFIG`` and ``FLYTECTL_CONFIG`` name; ``.flyte`` in the home folder; then
    ``~/.union/config.yaml``. But for the first, that is the order of the ecosystem's other programs.

    :raises ConfigError: a variable names a file that does not exist; what has the name of a configuration is no file;
        or a folder has a file in TOML and one in YAML.
    """
    if environ is None:
        environ = os.environ
    here = start or _here()
    home = Path(environ.get("HOME") or os.path.expanduser("~"))
    found = _named(OWN_VARIABLE, environ)
    if found is None and _is_ours(here / BARE_NAMES[0]):
        found = here / BARE_NAMES[0]
    for folder in _folders(here):
        found = found or _in_folder(folder / FOLDER)
    for variable in FILE_VARIABLES[1:]:
        found = found or _named(variable, environ)
    return found or _in_folder(home / FOLDER) or _in_folder(home / ".union", BARE_NAMES)


def everywhere(*, start: Path | None = None, environ: Mapping[str, str] | None = None) -> list[Path]:
    """Return every configuration file of the places that `find` searches, in its order."""
    environ = os.environ if environ is None else environ
    here = start or _here()
    home = Path(environ.get("HOME") or os.path.expanduser("~"))
    named = [Path(os.path.expanduser(environ[each])) for each in FILE_VARIABLES if environ.get(each)]
    folders = [each / FOLDER / name for each in _folders(here) for name in FILE_NAMES]
    places = [
        *named[: bool(environ.get(OWN_VARIABLE))],
        *([here / BARE_NAMES[0]] if _is_ours(here / BARE_NAMES[0]) else []),
        *folders,
        *named,
        *(home / FOLDER / name for name in FILE_NAMES),
        *(home / ".union" / name for name in BARE_NAMES),
    ]
    return [each for each in dict.fromkeys(places) if each.is_file()]


def _named(variable: str, environ: Mapping[str, str]) -> Path | None:
    named = environ.get(variable, "")
    if not named:
        return None
    path = Path(os.path.expanduser(named))
    if not path.is_file():
        raise ConfigError(f"no such file: {named}", hint=f"correct or unset {variable}", where=variable)
    return path


def _is_ours(path: Path) -> bool:
    """Whether a ``config.yaml`` without a folder of its own is a configuration of Flyte, not the user's own data."""
    try:
        # The line is looked for, for a run reads no YAML that is not its own.
        return path.is_file() and any(line.startswith(b"admin:") for line in path.read_bytes().splitlines())
    except OSError:
        return False


def _in_folder(folder: Path, names: tuple[str, ...] = FILE_NAMES) -> Path | None:
    # One look at a folder that is mostly absent, before three at what it may hold.
    if not folder.is_dir():
        return None
    there = [folder / name for name in names if _is_there(folder / name)]
    if len({each.suffix == ".toml" for each in there}) == 2:
        raise ConfigError(
            f"two configurations in one place: {there[0]} and {there[1]}",
            hint="keep one of them, or name the one that counts with --config",
            where=str(there[0]),
        )
    return there[0] if there else None


def _is_there(path: Path) -> bool:
    if path.is_file():
        return True
    if not os.path.lexists(path):
        return False
    what = "a symbolic link that leads nowhere" if path.is_symlink() and not path.exists() else "no file"
    raise ConfigError(
        f"{path} is {what}", hint="remove it, or name the file that counts with --config", where=str(path)
    )


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # It was removed under us; there is nothing in it.
        return Path(os.path.expanduser("~"))


def _folders(start: Path) -> Iterator[Path]:
    """Yield `start` and, within a git working tree, its parents up to the tree's top."""
    top = git_top(start)
    folder = start
    yield folder
    while top is not None and folder not in {top, folder.parent}:
        folder = folder.parent
        yield folder


def git_top(start: Path) -> Path | None:
    """Return the top of the git working tree that holds `start`, or None outside one. Git is not run.

    The top is the folder with ``.git``, which is a file in worktrees and submodules.
    """
    for folder in (start, *start.parents):
        if os.path.lexists(folder / ".git"):
            return folder
    return None
