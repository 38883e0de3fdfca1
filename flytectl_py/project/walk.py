"""Walks a folder in the order of its POSIX paths; says what is kept, and what is left out by which rule."""

# Text for paths: walking large folders, where Path objects would be most of the time.

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flytectl_py.project.ignore import IgnoreRules


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is kept.

    :param path: relative to the folder walked, POSIX.
    :param location: absolute.
    :param linked: it is a symbolic link or lies below one; what that leads to lies in the folder walked.
    """

    path: str
    location: str
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Excluded:
    """A file or folder that is left out. A folder left out is not entered.

    :param rule: ``file:line`` of an ignore file, ``built-in: name``, or what is wrong with a symbolic link.
    """

    path: str
    location: str
    rule: str
    is_dir: bool = False


def walk(folder: Path, rules: IgnoreRules) -> Iterator[Entry | Excluded]:
    """Yield every file below `folder` in the order of the paths, and everything that is left out.

    Folders are judged before they are entered. Symbolic links are followed within `folder`; links out of it, broken
    ones and cycles are left out. Sockets, pipes and devices are left out.

    :param rules: of `ignore_rules`, for the same folder.
    """
    real = os.path.realpath(folder)
    yield from _Walk(real).folder(str(folder), "", real, rules, linked=False)


class _Walk:
    """One walk. Knows the real paths of the folders that it is in, so that cycles are seen."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.within: list[str] = []

    def folder(
        self, location: str, path: str, real: str, rules: IgnoreRules, *, linked: bool
    ) -> Iterator[Entry | Excluded]:
        try:
            with os.scandir(location) as scan:
                entries = [(entry.name + "/" if _is_dir(entry) else entry.name, entry) for entry in scan]
        except PermissionError as error:
            yield Excluded(path.rstrip("/"), location, f"cannot be read: {error.strerror}", is_dir=True)
            return
        entries.sort(key=lambda pair: pair[0])
        rules = rules.entering(path, location, {name for name, _ in entries})
        self.within.append(real)
        for name, entry in entries:
            yield from self._entry(path + name, entry, f"{real}{os.sep}{entry.name}", rules, linked=linked)
        self.within.pop()

    def _entry(
        self, path: str, entry: os.DirEntry[str], real: str, rules: IgnoreRules, *, linked: bool
    ) -> Iterator[Entry | Excluded]:
        is_dir = path.endswith("/")
        rule = rules.excluded_by(path, entry.path)
        if not rule and entry.is_symlink():
            real, linked = os.path.realpath(entry.path), True
            rule = self._link_rule(real)
        if not rule and not is_dir and not entry.is_file():
            rule = "not a regular file"
        if rule:
            yield Excluded(path.rstrip("/"), entry.path, rule, is_dir)
        elif is_dir:
            yield from self.folder(entry.path, path, real, rules, linked=linked)
        else:
            yield Entry(path, entry.path, linked)

    def _link_rule(self, real: str) -> str:
        if not os.path.exists(real):
            return f"broken symbolic link to {real}"
        if real != self.top and not real.startswith(self.top + os.sep):
            return f"symbolic link out of the folder, to {real}"
        if real in self.within:
            return f"symbolic link to a folder that it lies in, {real}"
        return ""


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link that leads to itself.
        return False
