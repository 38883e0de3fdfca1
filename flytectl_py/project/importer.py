"""Gives files their module names and imports them, so that each is loaded once and hides nothing that others need."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import cast

from flytectl_py.project.once import FileOnce
from flytectl_py.project.root import relative_level
from flytectl_py.project.siblings import SiblingFinder

PRIVATE = "__project__"
"""The package of modules whose own name cannot be used: a standard or installed module has it, or it has a dot."""

_OURS = ("flyte", "flytectl_py")
# Importing these does something visible, or they are no part of every installation; nothing of ours needs them.
_NOT_RESERVED = frozenset({"this", "antigravity", "test", "idlelib", "lib2to3", "turtle", "turtledemo", "tkinter"})


class Importer:
    """Imports files of one project. Making one puts the project's folders first on ``sys.path``.

    :param paths: those folders, absolute, in order.
    :param siblings: the finder that is asked last.
    """

    def __init__(self, paths: list[str], siblings: SiblingFinder) -> None:
        self.paths = paths
        self._is_taken: dict[str, bool] = {}
        _keep_reserved_modules(paths)
        known = next((finder for finder in sys.meta_path if isinstance(finder, FileOnce)), None)
        self.is_first = known is None
        self._once = known or FileOnce()
        self._once.watch(paths)
        self._once.install()
        sys.meta_path.append(siblings)
        sys.path[:] = [*paths, *(path for path in sys.path if path not in paths)]
        for path in paths:
            sys.path_importer_cache.pop(path, None)  # The files may be newer than what was cached of the folder.

    def module(self, file: str, *, is_main: bool) -> ModuleType:
        """Return the module of `file`, loaded now unless it is already.

        :param file: absolute. :param is_main: whether the module is ``__main__`` as well.
        """
        module = self._once.loaded(file) or self._load(file, is_main=is_main)
        if is_main:
            sys.modules["__main__"] = module
        return module

    def _load(self, file: str, *, is_main: bool) -> ModuleType:
        folder, parts, packages = self._parts(file)
        # Relative imports from outside any package say that there is one after all. Of a folder's many files only those
        # are read for it that lie in no package.
        level = _relative_level(file) if packages == 0 or (is_main and packages == 1) else 0
        name = ""
        if level <= packages and not any("." in part for part in parts) and self._is_free(folder, parts, file):
            name = self._under_packages(folder, parts)
        name = name or self._private_name(folder, parts)
        # A package above it may have imported it.
        return self._once.loaded(file) or self._execute(name, file, is_main=is_main)

    def _parts(self, file: str) -> tuple[str, list[str], int]:
        """Return the folder that a module is named from, the parts of its name, and how many packages it is within."""
        start = next((path for path in self.paths if file.startswith(path + os.sep)), file.rpartition(os.sep)[0])
        parts = file[len(start) + 1 : -len(".py")].split(os.sep)
        if parts[-1] != "__init__":
            return start, parts, len(parts) - 1
        if len(parts) == 1:  # The root itself is a package.
            above, _, name = start.rpartition(os.sep)
            return above, [name], 1
        return start, parts[:-1], len(parts) - 1

    def _is_free(self, folder: str, parts: list[str], file: str) -> bool:
        """Whether the first part of the name means what lies in `folder`, and nothing else."""
        place = f"{folder}{os.sep}{parts[0]}"
        if len(parts) == 1:
            return not _means_another(parts[0], file=file, folder=place)
        if place not in self._is_taken:
            self._is_taken[place] = _means_another(parts[0], file="", folder=place)
        return not self._is_taken[place]

    def _under_packages(self, folder: str, parts: list[str]) -> str:
        """Import the packages above a module and return its name; empty if one of them is not the folder meant."""
        name = ""
        for part in parts[:-1]:
            name = f"{name}.{part}" if name else part
            folder = f"{folder}{os.sep}{part}"
            if name not in sys.modules:
                __import__(name)
            if folder not in getattr(sys.modules[name], "__path__", ()):
                return ""
        return f"{name}.{parts[-1]}" if name else parts[-1]

    def _private_name(self, folder: str, parts: list[str]) -> str:
        """Return a name that is nobody else's; its packages are there then."""
        name = PRIVATE
        _make_package(name, self.paths)
        for part in parts[:-1]:
            name = f"{name}.{part.replace('.', '_')}"
            folder = f"{folder}{os.sep}{part}"
            file = f"{folder}{os.sep}__init__.py"
            if name not in sys.modules and os.path.isfile(file):
                self._execute(name, file)
            _make_package(name, [folder])
        name = f"{name}.{parts[-1].replace('.', '_')}"
        while name in sys.modules:
            name += "_"
        return name

    def _execute(self, name: str, file: str, *, is_main: bool = False) -> ModuleType:
        """Run `file` as the module `name`, as the import statement does once it has found it."""
        loader = SourceFileLoader(name, file)
        folder, _, base = file.rpartition(os.sep)
        folders = [folder] if base == "__init__.py" else None
        spec = spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)
        module = module_from_spec(cast(ModuleSpec, spec))
        self._once.note(file, name)
        main = sys.modules.get("__main__")
        sys.modules[name] = module
        if is_main:
            sys.modules["__main__"] = module
        try:
            loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            if is_main and main is not None:
                sys.modules["__main__"] = main
            raise
        module = sys.modules.get(name, module)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
        return module


def _relative_level(file: str) -> int:
    with open(file, "rb") as opened:
        return relative_level(opened.read())


def _means_another(top: str, *, file: str, folder: str) -> bool:
    """Whether importing `top` gives something else than `file`, or, if that is empty, the package `folder`."""
    if top == "__main__" or _is_reserved(top):
        return True
    known = sys.modules.get(top)
    if known is not None:
        places = [getattr(known, "__file__", None)] if file else list(getattr(known, "__path__", ()))
    else:
        spec = PathFinder.find_spec(top, sys.path)
        if spec is None:
            return False
        places = [spec.origin] if file else list(spec.submodule_search_locations or ())
    return (file or folder) not in places


def _make_package(name: str, paths: list[str]) -> None:
    if name not in sys.modules:
        module = ModuleType(name)
        module.__path__ = list(paths)
        sys.modules[name] = module


def _is_reserved(name: str) -> bool:
    return name in _OURS or (name in sys.stdlib_module_names and name not in _NOT_RESERVED)


def _keep_reserved_modules(paths: list[str]) -> None:
    """Import the reserved modules that files of the project would hide, before its folders come first on the path."""
    for path in paths:
        for entry in os.listdir(path):
            name = entry.removesuffix(".py")
            if not _is_reserved(name) or name in sys.modules:
                continue
            # A folder that is no regular package hides nothing.
            if entry != name or os.path.isfile(f"{path}{os.sep}{name}{os.sep}__init__.py"):
                __import__(name)
