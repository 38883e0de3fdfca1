"""Reads the files that an image mentions, with the ignore rules that hold for them."""

# Text for paths, as in the walk: folders of an image may hold very many files.

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flytectl_py.digest.manifest import FileEntry
from flytectl_py.errors import UsageError
from flytectl_py.model.layers import CodeStyle
from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import OwnDistribution
from flytectl_py.project import docker_ignore
from flytectl_py.project.docker_ignore import DockerIgnore
from flytectl_py.project.ignore import GIT_FILE, OWN_FILE, IgnoreRules, ignore_rules
from flytectl_py.project.walk import Entry, walk

HashFiles = Callable[[Path, Sequence[str]], Iterable[FileEntry]]
"""Hashes the regular files at some paths, POSIX and relative to a folder; there is at least one."""

_BYTECODE = (".pyc", ".pyo")


@dataclass(frozen=True, slots=True)
class _ImageRules(IgnoreRules):
    """The rules for a folder that goes into an image: Docker's files first, then those of the project.

    :param git: .gitignore counts. :param everything: nothing counts but Docker's files.
    """

    docker: tuple[DockerIgnore, ...] = ()
    with_git: bool = False
    everything: bool = False

    def entering(self, folder: str, location: str, names: set[str]) -> IgnoreRules:
        if self.everything:
            return self
        known = names if self.with_git else names - {GIT_FILE}
        rules = IgnoreRules.entering(self, folder, location, known)
        if rules is self:
            return self
        return _ImageRules(rules.own, rules.git, self.docker, self.with_git, self.everything)

    def excluded_by(self, path: str, location: str) -> str:
        for each in self.docker:
            if rule := each.excluded_by(path):
                return rule
        if self.everything:
            return ""
        if path.endswith(_BYTECODE):
            return "built-in: bytecode"
        if path in (docker_ignore.FILE, OWN_FILE):
            return "built-in: ignore files"
        return IgnoreRules.excluded_by(self, path, location)


class ImageFiles:
    """The files of one declaration. A relative path is looked for in each of `folders`, the first that has it counts.

    :param folders: absolute: that of the file that declares the image, then the root, then the current folder.
    """

    def __init__(self, folders: Sequence[str], hash_files: HashFiles) -> None:
        self._folders = folders
        self._hash_files = hash_files

    def absolute(self, path: str) -> str:
        """Return the absolute path of what is meant by `path`, whether or not it is there."""
        if os.path.isabs(path):
            return os.path.normpath(path)
        candidates = [os.path.normpath(os.path.join(folder, path)) for folder in self._folders]
        return next((each for each in candidates if os.path.lexists(each)), candidates[0])

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file, or a link to one."""
        return os.path.isfile(self.absolute(path))

    def is_dir(self, path: str) -> bool:
        """Whether `path` is a folder, or a link to one."""
        return os.path.isdir(self.absolute(path))

    def content(self, path: str) -> bytes:
        """Return a file's bytes.

        :raises UsageError: it cannot be read.
        """
        try:
            return Path(self.absolute(path)).read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}", where=path) from error

    def file(self, path: str) -> ContextFile:
        """Return a file under its own name, hashed."""
        folder, name = os.path.split(self.absolute(path))
        return self._hashed(folder, [Entry(name, os.path.join(folder, name))])[0]

    def folder(
        self, path: str, *, ignore_files: tuple[str, ...] = (), git: bool = False, everything: bool = False
    ) -> tuple[ContextFile, ...]:
        """Return the files of a folder, hashed, by their paths in it, but for what the ignore rules leave out.

        :raises UsageError: an ignore file that cannot be read or understood.
        """
        top = self.absolute(path)
        own = os.path.join(top, docker_ignore.FILE)
        files = [self.absolute(each) for each in ignore_files]
        # One beside a Dockerfile of the user's stands instead of the folder's, as with Docker.
        if os.path.isfile(own) and not (everything and files) and own not in files:
            files.append(own)
        above = ignore_rules(Path(top)).git if git else ()
        docker = tuple(self._ignore(each) for each in files)
        rules = _ImageRules((), above, docker, git, everything)
        return self._hashed(top, [each for each in walk(Path(top), rules) if isinstance(each, Entry)])

    def copied(self, path: str, style: CodeStyle) -> tuple[ContextFile, ...]:
        """Return the files of a folder that an image of Flyte 1 gets of it, hashed, by their paths in it."""
        from flytectl_py.project.source_copies import copied_files

        top = self.absolute(path)
        found = copied_files(Path(top), style)
        return self._hashed(top, [Entry(each.replace(os.sep, "/"), os.path.join(top, each)) for each in found])

    def own_distribution(self) -> OwnDistribution:
        """Return what is running."""
        from flytectl_py.project.own_wheel import own_distribution

        return own_distribution()

    def own_wheel(self) -> ContextFile:
        """Return this project as a wheel, made from the files that are installed."""
        from flytectl_py.project.own_wheel import own_wheel

        return own_wheel()

    def _ignore(self, path: str) -> DockerIgnore:
        try:
            return docker_ignore.parse(self.content(path).decode(), path)
        except ValueError as error:
            raise UsageError(f"{path} cannot be understood: {error}", where=path) from error

    def _hashed(self, folder: str, entries: Sequence[Entry]) -> tuple[ContextFile, ...]:
        if not entries:
            return ()
        locations = {each.path: each.location for each in entries}
        return tuple(
            ContextFile(path, executable, size, sha256, locations[path])
            for path, executable, size, sha256 in self._hash_files(Path(folder), list(locations))
        )
