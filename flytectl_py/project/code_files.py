"""The user's own modules as code: which file an import leads to, and what a name in a file stands for."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

from flytectl_py.errors import UsageError
from flytectl_py.plan.code_module import ModuleCode, read_module
from flytectl_py.plan.code_names import Source, Use
from flytectl_py.plan.imports import Import
from flytectl_py.project.began import BEGAN
from flytectl_py.project.first_party import FirstParty
from flytectl_py.project.import_graph import ImportGraph
from flytectl_py.project.once import loaded_as, state_of


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a module, by its number."""

    file: str
    number: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole module, which code hands around or looks into by names that are not in the text."""

    file: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What happens when a module is loaded, besides that its names are bound."""

    file: str


Target = Statement | Whole | Effects | str
"""Where a use leads; text for what is not the user's own code."""


class _Known(NamedTuple):
    module: ModuleType | None
    spec: object
    code: ModuleCode


_read: dict[str, _Known] = {}
"""Modules that are loaded, as they were when first asked for: an edit does not change what runs until it is loaded."""


class CodeFiles:
    """Reads modules, and follows names from one to another. Make one for each question: files may change in between."""

    def __init__(self) -> None:
        first_party = FirstParty()
        self._is_own = first_party.is_own
        self._graph = ImportGraph((), sys.modules, first_party)
        self._modules = _loaded_files()
        self._codes: dict[str, ModuleCode | None] = {}
        self._files: dict[tuple[str, Source], str | None] = {}
        self._names: dict[str, str] = {}
        self._following: set[tuple[str, tuple[str, ...]]] = set()

    def is_own(self, file: str) -> bool:
        """Whether `file` is the user's own."""
        return os.path.isabs(file) and self._is_own(file)

    def code(self, file: str) -> ModuleCode | None:
        """Return the code of a module; None for a file that is not Python, such as an extension module.

        :raises UsageError: the file cannot be read, or is not valid Python.
        """
        if file not in self._codes:
            self._codes[file] = self._loaded_code(file) if file.endswith(".py") else None
        return self._codes[file]

    def python(self, file: str) -> ModuleCode:
        """Return the code of a module that is known to be Python.

        :raises UsageError: as `code`.
        """
        code = self.code(file)
        if code is None:
            raise UsageError(f"the code in {file} cannot be read: it is not Python", where=file)
        return code

    def module_name(self, file: str) -> str:
        """Return what the module of a file is called, for people."""
        module = self._modules.get(file)
        if module is not None and module.__name__ != "__main__":
            return module.__name__
        if file in self._names:
            return self._names[file]
        folder, name = os.path.split(file)
        return os.path.basename(folder) if name == "__init__.py" else name.removesuffix(".py")

    def content(self, file: str) -> str:
        """Return the SHA-256 of a file."""
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()

    def follow(self, file: str, use: Use) -> list[Target]:
        """Return where a use in `file` leads; nowhere for a name that is Python's own."""
        if use.for_effect and use.source is not None:
            target = self.file_of(file, use.source)
            return [] if target is None else [Effects(target)]
        if use.source is None:
            return self._in_module(file, use.path)
        return self._imported(file, use.source, use.path)

    def inside(self, file: str, path: tuple[str, ...]) -> list[Target]:
        """Return where names lead that are taken from the module of `file`; to all of it where there are none."""
        return self._in_module(file, path)

    def file_of(self, importer: str, source: Source) -> str | None:
        """Return the user's own file to which an import leads, or None."""
        place = os.path.dirname(importer) if source.level else ""
        key = (place, source)
        if key not in self._files:
            self._files[key] = self._find(importer, source)
        return self._files[key]

    def package_of(self, file: str) -> str | None:
        """Return the ``__init__.py`` that is loaded before the module of `file`, if there is one."""
        folder = os.path.dirname(file)
        if os.path.basename(file) == "__init__.py":
            folder = os.path.dirname(folder)
        package = os.path.join(folder, "__init__.py")
        return package if os.path.isfile(package) else None

    def _loaded_code(self, file: str) -> ModuleCode:
        module = self._modules.get(file)
        spec = getattr(module, "__spec__", None)
        known = _read.get(file)
        if known is not None and module is not None and known.module is module and known.spec is spec:
            return known.code
        try:
            with open(file, "rb") as opened:
                if module is not None:
                    _check_unchanged(file, os.fstat(opened.fileno()))
                code = read_module(opened.read())
        except (OSError, SyntaxError, ValueError) as error:
            raise UsageError(f"the code in {file} cannot be read: {error}", where=file) from error
        if module is not None:
            _read[file] = _Known(module, spec, code)
        return code

    def _find(self, importer: str, source: Source) -> str | None:
        edges = self._graph.edges(importer, [Import(source.module, (), source.level, 0, "eager")])
        if source.level and not source.module:
            place = importer
            for _ in range(source.level):
                place = os.path.dirname(place)
            package = os.path.join(place, "__init__.py")
            return package if os.path.isfile(package) else None
        if not edges or edges[-1].module.split(".")[-1] != source.module.split(".")[-1]:
            return None
        if not source.level and edges[-1].module != source.module:
            return None
        self._names[edges[-1].target] = edges[-1].module
        return edges[-1].target

    def _in_module(self, file: str, path: tuple[str, ...]) -> list[Target]:
        code = self.code(file)
        if code is None or not path:
            return [Whole(file)]
        if (file, path) in self._following:  # Two modules that take a name from each other.
            return []
        self._following.add((file, path))
        try:
            return self._named(file, code, path)
        finally:
            self._following.discard((file, path))

    def _named(self, file: str, code: ModuleCode, path: tuple[str, ...]) -> list[Target]:
        name, rest = path[0], path[1:]
        found: list[Target] = [Statement(file, number) for number in code.bindings.get(name, ())]
        for use in code.imported.get(name, ()):
            if use.source is not None:
                found += self._imported(file, use.source, (*use.path, *rest))
        if not found and os.path.basename(file) == "__init__.py":
            inner = self.file_of(file, Source(name, 1))
            found = [] if inner is None else self._in_module(inner, rest)
        for star in code.stars if not found else ():
            target = self.file_of(file, star)
            if target is not None and not found:
                found = self._in_module(target, path)
        if not found and "__getattr__" in code.bindings and not name.startswith("__"):
            found = [Statement(file, number) for number in code.bindings["__getattr__"]]
        return found

    def _imported(self, file: str, source: Source, path: tuple[str, ...]) -> list[Target]:
        target = self.file_of(file, source)
        if target is not None:
            return self._in_module(target, path) or [f"{self.module_name(target)}.{'.'.join(path)}"]
        if path and (not source.module or not source.module.startswith(_OURS)):
            # A folder without an __init__.py, which holds modules.
            inner = source._replace(module=f"{source.module}.{path[0]}" if source.module else path[0])
            if self.file_of(file, inner) is not None or (len(path) > 1 and source.level):
                return self._imported(file, inner, path[1:])
        return [".".join(("." * source.level + source.module, *path))]


_OURS = ("flyte", "flytectl_py")


def _check_unchanged(file: str, found: os.stat_result) -> None:
    """Refuse a file that is not what was loaded: its text would stand for code that does not run.

    :raises UsageError: it was edited since.
    """
    loaded = loaded_as(file)
    if (found.st_mtime_ns > BEGAN) if loaded is None else (state_of(found) != loaded):
        raise UsageError(
            f"{file} was edited after it was loaded, or while it was",
            hint="start again to use the new code",
            where=file,
        )


def _loaded_files() -> dict[str, ModuleType]:
    """Return the modules that are loaded, by file."""
    found = {}
    for module in list(sys.modules.values()):
        # Not by getattr: modules that load themselves late would do so now.
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str):
            found[os.path.abspath(file)] = module
    return found
