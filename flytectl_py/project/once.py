"""An import finder under which no file of the project is loaded twice, whatever names it is imported by."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, cast

FileState = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds: what tells whether a file was edited."""


def state_of(found: os.stat_result) -> FileState:
    """Return the state of a file by its stat."""
    return found.st_size, found.st_mtime_ns


def loaded_as(file: str) -> FileState | None:
    """Return how `file` was when the project's finder loaded it, or None where another one did."""
    finder = next((each for each in sys.meta_path if isinstance(each, FileOnce)), None)
    return None if finder is None else finder.loaded_as(file)


class FileOnce:
    """Stands before Python's own path finder. A file that is loaded already is that module, also under a second name.

    ``import helper`` and ``from scripts.helper import x`` may both reach one file when a folder and its parent are both
    on ``sys.path``; environments and tasks in it must exist once.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._states: dict[str, FileState] = {}
        self._prefixes: tuple[str, ...] = ()

    def watch(self, folders: Sequence[str]) -> None:
        """Look after the files below `folders` from now on."""
        self._prefixes = tuple({*self._prefixes, *(folder.rstrip("/\\") for folder in folders)})

    def loaded(self, file: str) -> ModuleType | None:
        """Return the module of `file` if it is loaded, or being loaded."""
        name = self._names.get(file)
        return None if name is None else sys.modules.get(name)

    def note(self, file: str, name: str) -> None:
        """Remember that `file` is the module `name`, and is loaded now."""
        self._names[file] = name
        with contextlib.suppress(OSError):  # In a zip file, for one.
            self._states[file] = state_of(os.stat(file))

    def loaded_as(self, file: str) -> FileState | None:
        """Return how `file` was when it was last loaded, or None where that was not through this finder."""
        return self._states.get(file)

    def install(self) -> None:
        """Put this finder before the path finder."""
        if self not in sys.meta_path:
            place = next((i for i, finder in enumerate(sys.meta_path) if finder is PathFinder), len(sys.meta_path))
            sys.meta_path.insert(place, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as the path finder does. Part of the import protocol."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or not spec.origin.startswith(self._prefixes):
            return spec
        known = self.loaded(spec.origin)
        if known is None or self._names[spec.origin] == name:
            self.note(spec.origin, name)
            return spec
        alias = ModuleSpec(name, cast(Any, _Known(known)), origin=spec.origin)
        alias.submodule_search_locations = spec.submodule_search_locations
        return alias


class _Known:
    """A loader whose module is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec: Any = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # The import machinery has set the second name's.
