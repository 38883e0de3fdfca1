"""Files of an image in memory, for what plans images without a disk."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping

from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import OwnDistribution, made_file

WHEEL = "flytectl_py-0.1.dev0-py3-none-any.whl"
RELEASE = OwnDistribution("1.2.0", released=True)


class MemoryFiles:
    """Answers from `files`, path to text; relative paths count from `folder`. `executable` are those that may run."""

    def __init__(
        self,
        files: Mapping[str, str] | None = None,
        folder: str = "/project",
        *,
        own: OwnDistribution = RELEASE,
        executable: tuple[str, ...] = (),
    ) -> None:
        self.files = {posixpath.normpath(posixpath.join(folder, path)): text for path, text in (files or {}).items()}
        self.cwd = folder
        self.own = own
        self.executable = {posixpath.normpath(posixpath.join(folder, each)) for each in executable}

    def absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.cwd, path))

    def is_file(self, path: str) -> bool:
        return self.absolute(path) in self.files

    def is_dir(self, path: str) -> bool:
        return any(each.startswith(self.absolute(path).rstrip("/") + "/") for each in self.files)

    def content(self, path: str) -> bytes:
        return self.files[self.absolute(path)].encode()

    def file(self, path: str) -> ContextFile:
        place = self.absolute(path)
        return self._found(place, posixpath.basename(place))

    def folder(
        self, path: str, *, ignore_files: tuple[str, ...] = (), git: bool = False, everything: bool = False
    ) -> tuple[ContextFile, ...]:
        top = self.absolute(path).rstrip("/") + "/"
        return tuple(self._found(each, each.removeprefix(top)) for each in sorted(self.files) if each.startswith(top))

    def copied(self, path: str, style: str) -> tuple[ContextFile, ...]:
        del style  # nothing of what is in memory is loaded
        return self.folder(path)

    def own_distribution(self) -> OwnDistribution:
        return self.own

    def own_wheel(self) -> ContextFile:
        return made_file(WHEEL, b"a wheel")

    def _found(self, place: str, path: str) -> ContextFile:
        text = self.files[place].encode()
        return ContextFile(path, place in self.executable, len(text), hashlib.sha256(text).hexdigest(), place)
