"""The files that a bundle could hold: those that are loaded, all that are not ignored, and those included by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flytectl_py.errors import BundleError, FileChangedError, UsageError
from flytectl_py.plan.bundle import Candidate, Include, Left
from flytectl_py.project.credentials import named_like_credentials
from flytectl_py.project.ignore import OWN_FILE, IgnoreRules, ignore_rules
from flytectl_py.project.walk import Entry, Excluded, walk

LOADED = "loaded"
ALL = "all"
"""Why a candidate is one."""

PARTIAL = ".partial-"
"""In the name of an archive that a process is writing: ``.NAME.partial-`` and 16 hexadecimal digits."""

STATE = ".flyte"
"""The folder of this project's own state and configuration, of which nothing need be said."""


class Gathered:
    """Candidates by path, what was left out, and what has to be said of either."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, Candidate] = {}
        self.by_name: set[str] = set()
        self.left: dict[str, Left] = {}
        self.warnings: list[str] = []

    def add(self, path: str, why: str, *, location: str, by_name: bool = False) -> None:
        """Add a file; one that looks like credentials is left out unless it is included `by_name`."""
        if by_name:
            self.by_name.add(path)
        elif not path.endswith(".py") and (found := named_like_credentials(path)):
            self.leave_credentials(path, found)
            return
        self.left.pop(path, None)
        if path not in self.files:
            self.files[path] = Candidate(path, _size(path, location), why)

    def leave_credentials(self, path: str, found: str) -> None:
        """Leave out a file that looks like credentials, and say so."""
        self.files.pop(path, None)
        self.left[path] = Left(path, f"credentials: {found}")

    def leave(self, found: Excluded) -> None:
        """Leave out what an ignore rule, or its own kind, says.

        :raises UsageError: a symbolic link out of the root, or in a circle.
        :raises BundleError: a folder that cannot be read.
        """
        if found.rule.startswith("symbolic link"):
            raise UsageError(
                f"'{found.path}' is a {found.rule}",
                hint=f"leave it out: echo '/{found.path}' >> {OWN_FILE}; or put a copy in its place",
                where=found.path,
            )
        if found.rule.startswith("cannot be read"):
            raise BundleError(
                f"the folder '{found.path}' {found.rule}",
                hint=f"make it readable, or leave it out: echo '/{found.path.rstrip('/')}/' >> {OWN_FILE}",
                where=found.path,
            )
        if found.rule.startswith(("not a regular file", "broken symbolic link")):
            self.warnings.append(f"'{found.path}' is left out: it is a {found.rule}".replace("a not a", "not a"))
        if found.path not in self.files and found.path != STATE:
            self.left[found.path] = Left(found.path, found.rule, found.is_dir)


def gather_all(gathered: Gathered) -> None:
    """Add every file under the root that no rule leaves out."""
    for each in walk(gathered.root, ignore_rules(gathered.root)):
        if isinstance(each, Excluded):
            gathered.leave(each)
        elif PARTIAL not in each.path or not re.search(r"(?:^|/)\.[^/]+\.partial-[0-9a-f]{16}$", each.path):
            gathered.add(each.path, ALL, location=each.location)


def gather_loaded(gathered: Gathered, files: Iterable[str]) -> None:
    """Add those loaded `files` (absolute) that lie under the root; .flyteignore holds for them, .gitignore does not."""
    rules = _OwnRules(gathered.root)
    links = _Links(gathered.root)
    for file in files:
        path = relative(gathered.root, file)
        if path is None:
            continue
        links.check(path)
        rule = rules.rule(path)
        if rule:
            gathered.left[path] = Left(path, rule)
        else:
            if not path.endswith(".py"):
                gathered.warnings.append(
                    f"'{path}' is compiled: it loads only where the system and the Python version are the same as here"
                )
            gathered.add(path, LOADED, location=file)


def gather_included(gathered: Gathered, includes: Sequence[Include]) -> None:
    """Add what `includes` name; it beats every ignore rule."""
    if not includes:
        return
    from flytectl_py.project.include import Included, included_files

    for each in included_files(gathered.root, includes):
        if isinstance(each, Included):
            why = f"include: {each.include.text}"
            gathered.add(each.entry.path, why, location=each.entry.location, by_name=each.by_name)
        else:
            gathered.leave(each)


def unselected(gathered: Gathered) -> Iterator[Left]:
    """Yield every file and folder under the root that the bundle does not hold and no rule was asked about."""
    folders = {folder for path in gathered.files for folder in _folders(path)}
    for each in walk(gathered.root, ignore_rules(gathered.root)):
        if each.path in gathered.files or each.path in gathered.left or each.path == STATE:
            continue
        if isinstance(each, Entry):
            yield Left(each.path, "not imported")
        elif each.path not in folders:
            yield Left(each.path, each.rule, each.is_dir)


def _folders(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def relative(root: Path, file: str) -> str | None:
    """Return `file` relative to `root`, POSIX, or None where it does not lie there."""
    top = os.path.join(root, "")
    # sys.path may hold "…/.." as a program wrote it. Where no link is on the way, normpath is what the system does.
    if f"{os.sep}.." in file and os.path.realpath(normal := os.path.normpath(file)) == os.path.realpath(file):
        file = normal
    if file.startswith(top):
        return file[len(top) :].replace(os.sep, "/")
    real, real_top = os.path.realpath(file), os.path.join(os.path.realpath(root), "")
    return real[len(real_top) :].replace(os.sep, "/") if real.startswith(real_top) else None


class _OwnRules:
    """The .flyteignore files of a root, asked about single files."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._folders: dict[str, tuple[IgnoreRules, str]] = {}

    def rule(self, path: str) -> str:
        """Return the line of a .flyteignore that leaves out `path` or a folder that it is in, or an empty string."""
        folder = path.rpartition("/")[0]
        rules, rule = self._entered(folder)
        return rule or rules.excluded_by(path, os.path.join(self._root, path))

    def _entered(self, folder: str) -> tuple[IgnoreRules, str]:
        known = self._folders.get(folder)
        if known is None:
            location = os.path.join(self._root, folder) if folder else self._root
            rules, rule = IgnoreRules(), ""
            if folder:
                rules, rule = self._entered(folder.rpartition("/")[0])
                judged = rules.excluded_by(folder + "/", location) if rules.own else ""
                rule = rule or ("" if judged.startswith("built-in") else judged)
            if os.path.isfile(os.path.join(location, OWN_FILE)):
                rules = rules.entering(folder + "/" if folder else "", location, {OWN_FILE})
            known = self._folders[folder] = (rules, rule)
        return known


class _Links:
    """Refuses loaded files that symbolic links bring in from outside the root."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._real = os.path.realpath(root)
        self._folders: dict[str, str] = {"": self._real}

    def check(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(os.path.join(self._root, folder))
        real = os.path.join(self._folders[folder], name)
        real = os.path.realpath(real) if os.path.islink(real) else real
        if not real.startswith(os.path.join(self._real, "")):
            raise UsageError(
                f"'{path}' is a symbolic link out of the root, to {real}",
                hint="choose a --root-dir that holds both, or put a copy in its place",
                where=path,
            )


def _size(path: str, location: str) -> int:
    try:
        return os.stat(location).st_size
    except FileNotFoundError as error:
        raise FileChangedError(f"'{path}' is gone", hint="run the command again", where=path) from error
    except OSError as error:
        raise BundleError(
            f"cannot read '{path}': {error.strerror or error}",
            hint=f"make it readable, or leave it out: echo '/{path}' >> {OWN_FILE}",
            where=path,
        ) from error
