"""Where the imports of the user's modules lead, as files, by looking at the disk and at what is loaded."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType
from typing import NamedTuple

from flytectl_py.plan.imports import Import
from flytectl_py.project.first_party import FirstParty

_OURS = ("flyte", "flytectl_py")


class Edge(NamedTuple):
    """An import that leads to a file of the user's.

    :param importer: absolute. :param target: absolute; never the importer. :param module: its dotted name.
    """

    importer: str
    found: Import
    target: str
    module: str


class ImportGraph:
    """Resolves imports as Python would, without running anything.

    :param import_paths: absolute folders that come first on ``sys.path``.
    :param modules: those that are loaded, by name.
    """

    def __init__(
        self, import_paths: Iterable[str], modules: Mapping[str, ModuleType | None], first_party: FirstParty
    ) -> None:
        self._modules = modules
        self._first_party = first_party
        paths = [*import_paths, *(os.path.abspath(path) for path in sys.path if path)]
        self._paths = [path for path in dict.fromkeys(paths) if first_party.is_own(f"{path}{os.sep}x")]
        self._tops: dict[str, list[str]] = {}
        self._children: dict[tuple[str, str], tuple[str, str]] = {}

    def edges(self, importer: str, imports: Iterable[Import]) -> list[Edge]:
        """Return where the `imports` of a file lead among the user's own files; packages on the way count too."""
        return [
            Edge(importer, each, target, module)
            for each in imports
            for target, module in dict.fromkeys(self._files(importer, each))
            if target != importer
        ]

    def _files(self, importer: str, found: Import) -> list[tuple[str, str]]:
        """Return the files that an import loads and their modules' names, the outermost package first."""
        parts = found.module.split(".") if found.module else []
        files: list[tuple[str, str]] = []
        if found.level:
            place = importer
            for _ in range(found.level):
                place = os.path.dirname(place)
            places, name = [place], self._package(place)
            package = f"{place}{os.sep}__init__.py"
            if not parts and os.path.isfile(package):
                files.append((package, name))
        elif parts[0] in sys.stdlib_module_names or parts[0] in _OURS:
            return []
        else:
            places, name = self._top(parts[0]), ""
        for index, part in enumerate(parts):
            children = (self._child(place, part) for place in places)
            file, folder = next((child for child in children if any(child)), ("", ""))
            name = f"{name}.{part}" if name else part
            if file:
                files.append((file, name))
            if not folder:
                # A top-level name without a file of its own here may be anything.
                return files if index or file else []
            places = [folder]
        for each in found.names:
            file, _ = self._child(places[0], each) if places else ("", "")
            if file:
                files.append((file, f"{name}.{each}" if name else each))
        return files

    def _package(self, folder: str) -> str:
        """Return the dotted name of the package in `folder`."""
        top = next((path for path in self._paths if folder.startswith(f"{path}{os.sep}")), folder)
        return folder[len(top) :].strip(os.sep).replace(os.sep, ".")

    def _top(self, name: str) -> list[str]:
        """Return the folders in which the user's own top-level module `name` lies; a namespace may have several."""
        known = self._tops.get(name)
        if known is None:
            known = [path for path in self._paths if any(self._child(path, name))]
            if not known:
                known = self._elsewhere(name)
            self._tops[name] = known
        return known

    def _elsewhere(self, name: str) -> list[str]:
        """Return where finders other than the path's own, editable installs and siblings, find a module."""
        module = self._modules.get(name)
        if module is not None:
            places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        else:
            try:
                spec = importlib.util.find_spec(name)
            except (ImportError, ValueError, AttributeError):
                return []
            places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
        for place in places:
            if isinstance(place, str) and os.path.isabs(place) and self._first_party.is_own(place):
                folder = os.path.dirname(place)
                return [os.path.dirname(folder) if os.path.basename(place) == "__init__.py" else folder]
        return []

    def _child(self, folder: str, name: str) -> tuple[str, str]:
        """Return the file and the folder of the module `name` in `folder`; a plain module has no folder."""
        key = (folder, name)
        known = self._children.get(key)
        if known is None:
            known = self._children[key] = _module_in(folder, name)
        return known


def _module_in(folder: str, name: str) -> tuple[str, str]:
    place = f"{folder}{os.sep}{name}"
    is_folder = os.path.isdir(place)
    if is_folder and os.path.isfile(f"{place}{os.sep}__init__.py"):
        return f"{place}{os.sep}__init__.py", place
    for suffix in (".py", *EXTENSION_SUFFIXES):
        if os.path.isfile(place + suffix):
            return place + suffix, ""
    return "", place if is_folder else ""
