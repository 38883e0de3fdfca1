"""Which files of a folder are left out, and by which rule: .flyteignore, then the built-in list, then git's files."""

# Text for paths: walking large folders, where Path objects would be most of the time.

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from flytectl_py.project.git_state import shared_git_folder

OWN_FILE = ".flyteignore"
GIT_FILE = ".gitignore"

BUILT_IN = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".idea",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".vscode",
        "__pycache__",
        "build",
        "dist",
        "node_modules",
    }
)
"""Folders that never hold the project's own code."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file.

    :param leaves_out: False for a line that begins with ``!``.
    """

    line: int
    leaves_out: bool
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Whether the line is about `path` itself; pathspec's expressions also match what lies in a matching folder.

        What lies in a folder is not asked for when the folder is left out, and a ``!folder/`` says nothing of it.
        """
        ends = [match.end() for match in self.regex.finditer(path)]
        if self.regex.groups:
            return len(path) in ends
        # Without a group it is about everything in a folder, ``folder/**``, but not the folder.
        return bool(ends) and not (path.endswith("/") and ends[0] == len(path))


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """One ignore file, with git's rules: https://git-scm.com/docs/gitignore

    :param place: the file's path, as it is shown.
    :param folder: where it lies, relative to the folder walked, POSIX, empty or ending in ``/``.
    :param patterns: the last line first.
    :param above: for a file above the folder walked, the way down from it, ending in ``/``.
    :param any_of_them: finds something wherever one of `patterns` does: most paths are settled by it alone.
    """

    place: str
    folder: str
    patterns: tuple[Pattern, ...]
    above: str = ""
    any_of_them: re.Pattern[str] | None = None

    def verdict(self, path: str) -> tuple[bool, str] | None:
        """Return whether `path` is left out and the rule, or None if nothing is said of it.

        :param path: relative to the folder walked, POSIX; a folder ends in ``/``.
        """
        below = self.above + path[len(self.folder) :]
        if self.any_of_them is not None and self.any_of_them.search(below) is None:
            return None
        for pattern in self.patterns:
            if pattern.matches(below):
                return pattern.leaves_out, f"{self.place}:{pattern.line}"
        return None


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder. `own` and `git` are the ignore files from the top down to here."""

    own: tuple[IgnoreFile, ...] = ()
    git: tuple[IgnoreFile, ...] = field(default=())

    def entering(self, folder: str, location: str, names: set[str]) -> IgnoreRules:
        """Return the rules that hold in a folder with entries `names`: these and those of its ignore files.

        :param folder: relative to the folder walked, POSIX, empty or ending in ``/``.
        :param location: the same, absolute.
        """
        if OWN_FILE not in names and GIT_FILE not in names:
            return self
        own = _read(location, OWN_FILE, folder) if OWN_FILE in names else ()
        git = _read(location, GIT_FILE, folder) if GIT_FILE in names else ()
        return IgnoreRules((*self.own, *own), (*self.git, *git))

    def excluded_by(self, path: str, location: str) -> str:
        """Return the rule that leaves `path` out, or an empty string.

        :param path: relative to the folder walked, POSIX; a folder ends in ``/``.
        :param location: the same, absolute.
        """
        own = _last_word(self.own, path)
        if own is not None:
            return own[1] if own[0] else ""
        if path.endswith("/"):
            built_in = built_in_rule(path[:-1].rpartition("/")[2], location)
            if built_in:
                return f"built-in: {built_in}"
        git = _last_word(self.git, path)
        return git[1] if git is not None and git[0] else ""


def ignore_rules(folder: Path) -> IgnoreRules:
    """Return the rules that hold in `folder` from above.

    They are those of its git repository: .git/info/exclude, and the .gitignore files from its top down.
    """
    top = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if top is None:
        return IgnoreRules()
    info = os.path.join(shared_git_folder(str(top / ".git")), "info")
    way = "" if top == folder else f"{folder.relative_to(top).as_posix()}/"
    git = list(_read(info, "exclude", "", above=way)) if os.path.isfile(os.path.join(info, "exclude")) else []
    for each in reversed(folder.parents):
        if (each == top or top in each.parents) and (each / GIT_FILE).is_file():
            git += _read(str(each), GIT_FILE, "", above=f"{folder.relative_to(each).as_posix()}/")
    return IgnoreRules((), tuple(git))


def _last_word(files: tuple[IgnoreFile, ...], path: str) -> tuple[bool, str] | None:
    """The deepest file that says anything of `path` decides."""
    for each in reversed(files):
        verdict = each.verdict(path)
        if verdict is not None:
            return verdict
    return None


def built_in_rule(name: str, location: str) -> str:
    """Return which built-in rule leaves out the folder `name` at `location` (absolute), or an empty string."""
    if name in BUILT_IN:
        return name
    if name.endswith(".egg-info"):
        return "*.egg-info"
    if name.startswith("."):
        return "hidden folder"
    if os.path.isfile(os.path.join(location, "pyvenv.cfg")):
        return "virtual environment"
    return ""


def _read(location: str, name: str, folder: str, above: str = "") -> tuple[IgnoreFile, ...]:
    from pathspec import GitIgnoreSpec

    place = os.path.join(location, name)
    with open(place, encoding="utf-8", errors="surrogateescape") as file:
        numbered = [(number, line.rstrip("\r\n")) for number, line in enumerate(file, start=1)]
    patterns = [
        Pattern(number, parsed.include, parsed.regex)
        for number, line in reversed(numbered)
        for parsed in GitIgnoreSpec.from_lines([line]).patterns
        if parsed.include is not None and parsed.regex is not None
    ]
    shown = place if above or name not in (OWN_FILE, GIT_FILE) else f"{folder}{name}"
    # The groups have the same names in each, which one expression cannot have.
    texts = [re.sub(r"\(\?P<\w+>", "(?:", pattern.regex.pattern) for pattern in patterns]
    together = re.compile("|".join(f"(?:{text})" for text in texts)) if len(texts) > 1 else None
    return (IgnoreFile(shown, folder, tuple(patterns), above, together),)
