"""The imports among the files of a bundle: why each file is there, and which would fail where it is unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from flytectl_py.digest.manifest import FileEntry
from flytectl_py.errors import FileChangedError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.plan.import_check import Outside, Reference, check_imports
from flytectl_py.plan.imports import Import
from flytectl_py.project import candidates
from flytectl_py.project.candidates import Gathered
from flytectl_py.project.first_party import FirstParty
from flytectl_py.project.import_graph import Edge, ImportGraph
from flytectl_py.project.scans import Scans


class Code(NamedTuple):
    """A project that is loaded.

    :param target: the file or folder that was asked for, absolute.
    :param modules: those that were loaded when its environments were declared, by name.
    :param ran_main: the target is the program that runs, so what only its main block imports is loaded as well.
    :param needed: files that travel also then, as the one of the task that is run; absolute.
    """

    root: Path
    import_paths: tuple[Path, ...]
    target: Path
    environments: tuple[Environment, ...]
    modules: Mapping[str, ModuleType | None]
    ran_main: bool = False
    needed: tuple[str, ...] = ()


def target_of(code: Code) -> str:
    """Return what was loaded, as it is named below the root."""
    return os.path.relpath(code.target, code.root).replace(os.sep, "/")


def shown(root: Path, file: str) -> str:
    """Return `file` relative to `root`, POSIX, or as it is where it does not lie there."""
    return candidates.relative(root, file) or file


class BundleImports:
    """The imports of what is loaded and of what was included beside it.

    :param loaded: the user's own files that are loaded, absolute. :param hashes: the entry of each candidate by path.
    """

    def __init__(
        self,
        code: Code,
        loaded: list[str],
        first_party: FirstParty,
        gathered: Gathered,
        scans: Scans,
        hashes: Mapping[str, FileEntry],
    ) -> None:
        self.code = code
        self.loaded = loaded
        self.gathered = gathered
        self.scans = scans
        self.paths = {file: shown(code.root, file) for file in loaded}
        self._elsewhere: dict[str, str] = {}
        graph = ImportGraph((str(each) for each in code.import_paths), code.modules, first_party)
        self.edges: list[Edge] = []
        for file, path in self._modules():
            if path in hashes and path.endswith(".py"):
                self.edges += graph.edges(file, self._imports(file, hashes[path].sha256))
        self.eager: dict[str, list[str]] = {}
        for each in self.edges:
            if each.found.when in ("eager", "optional"):
                self.eager.setdefault(each.importer, []).append(each.target)

    def drop_main_only(self) -> None:
        """Leave out what is loaded only because this process is the program itself."""
        by_main = _closure([each.target for each in self.edges if each.found.when == "main"], self.eager)
        for file in by_main - _closure([str(self.code.target), *self.code.needed], self.eager):
            path = self._path(file)
            if path in self.gathered.files and self.gathered.files[path].why == candidates.LOADED:
                del self.gathered.files[path]

    def check(self) -> list[str]:
        """Return a warning for each import that may fail.

        :raises UsageError: one will.
        """
        references = []
        importers: dict[str, list[Edge]] = {}
        for each in self.edges:
            importer, target = self._path(each.importer), self._path(each.target)
            references.append(Reference(importer, each.found.line, each.found.when, each.module, target))
            if os.path.isabs(target):
                importers.setdefault(target, []).append(each)
        outside = {target: self._images(edges) for target, edges in importers.items()}
        reasons = {each.path: each.rule for each in self.gathered.left.values()}
        return check_imports(references, self.gathered.files.keys(), set(self.paths.values()), reasons, outside)

    def whys(self) -> dict[str, str]:
        """Return why each file is in the bundle, by path."""
        first: dict[str, str] = {}
        for each in self.edges:
            if each.found.when in ("eager", "optional"):
                why = f"imported by {self._path(each.importer)}:{each.found.line}"
                first.setdefault(self._path(each.target), why)
        target = self._path(str(self.code.target))
        within = "" if target == str(self.code.root) else f"{target}/"
        whys = {}
        for path, candidate in self.gathered.files.items():
            whys[path] = candidate.why
            if path == target:
                whys[path] = "entry"
            elif candidate.why in (candidates.LOADED, candidates.ALL):
                is_entry = candidate.why == candidates.LOADED and self.code.target.is_dir() and path.startswith(within)
                whys[path] = first.get(path, "entry" if is_entry else candidate.why)
        return whys

    def _modules(self) -> Iterable[tuple[str, str]]:
        yield from self.paths.items()
        for path, each in self.gathered.files.items():
            file = os.path.join(str(self.code.root), path)
            if path.endswith(".py") and each.why.startswith("include") and file not in self.paths:
                yield file, path

    def _imports(self, file: str, sha256: str) -> tuple[Import, ...]:
        known = self.scans.imports(sha256)
        if known is None:
            from flytectl_py.plan.import_scan import scan_imports

            try:
                known = scan_imports(Path(file).read_bytes())
            except (SyntaxError, ValueError, RecursionError):
                known = ()  # It was included by name, and is no module of this Python.
            except OSError as error:
                raise FileChangedError(f"'{file}' cannot be read any more: {error.strerror}", where=file) from error
            self.scans.remember_imports(sha256, known)
        return known

    def _images(self, edges: Sequence[Edge]) -> list[Outside]:
        """Return what the images have of a file outside the root: those of the tasks whose modules need it."""
        from flytectl_py.project.image_content import image_holds

        importers = {each.importer for each in edges}
        found = []
        for each in self.code.environments:
            if isinstance(each, TaskEnvironment) and each.tasks and importers & _closure(_sources(each), self.eager):
                held = image_holds(each, edges[0].target, edges[0].module.partition(".")[0])
                found.append(Outside(each.name, f"{self._path(each.place.file)}:{each.place.line}", held))
        return found

    def _path(self, file: str) -> str:
        path = self.paths.get(file) or self._elsewhere.get(file)
        if path is None:
            path = self._elsewhere[file] = shown(self.code.root, file)
        return path


def _sources(environment: TaskEnvironment) -> list[str]:
    """Return the files that are loaded where a task of `environment` runs."""
    files = {environment.place.file}
    for task in environment.tasks.values():
        function = task.func
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
        if code is not None:
            files.add(code.co_filename)
    return sorted(files)


def _closure(start: Sequence[str], edges: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += edges.get(file, ())
    return found
