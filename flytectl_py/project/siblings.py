"""An import finder for the other packages of a monorepo, as uv's ``path`` sources and workspaces declare them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from flytectl_py.project.root import upwards


class SiblingFinder:
    """Stands last among the finders, so it is asked only for what nothing else has found; also while tasks run.

    It reads ``[tool.uv.sources] name = {path = …}`` and ``[tool.uv.workspace] members`` of each pyproject.toml from
    `folder` upwards and of the projects that these lead to, and looks for the module in ``<project>/src`` and
    ``<project>``.
    The format is uv's: https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources

    :param resolved: what was found, by module name, and the folder in which it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resolved: dict[str, Path] = {}
        self._projects: list[Path] | None = None

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a top-level module in a sibling project. Part of the import protocol."""
        # What the standard library tries to import and does without, e.g. on another system, is no sibling's.
        if path is not None or name.startswith("_") or name in sys.stdlib_module_names:
            return None
        if self._projects is None:
            self._projects = list(_projects(self.folder))
        for project in self._projects:
            for place in (project / "src", project):
                spec = PathFinder.find_spec(name, [str(place)])
                if spec is not None and (spec.loader is not None or _holds_python(place / name)):
                    self.resolved[name] = place
                    if spec.loader is None:
                        # A namespace that was found here must not be searched for in sys.path again.
                        spec.submodule_search_locations = [str(place / name)]
                    return spec
        return None


def _holds_python(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".py") or entry.is_dir() for entry in entries)


def _projects(folder: Path) -> Iterator[Path]:
    """Yield the projects that those around `folder` name as sources or members, and that these name in turn."""
    waiting = [each for each in upwards(folder) if (each / "pyproject.toml").is_file()]
    seen = set(waiting)
    while waiting:
        for found in _named_by(waiting.pop(0)):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
                yield found


def _named_by(project: Path) -> Iterator[Path]:
    table = _uv_table(project / "pyproject.toml")
    sources = _table(table, "sources")
    for source in sources.values():
        for each in source if isinstance(source, list) else [source]:
            place = each.get("path") if isinstance(each, dict) else None
            if isinstance(place, str):
                yield Path(os.path.normpath(project / place))
    workspace = _table(table, "workspace")
    left_out = {path for glob in _texts(workspace, "exclude") for path in _matching(project, glob)}
    for glob in _texts(workspace, "members"):
        for member in _matching(project, glob):
            if member not in left_out and (member / "pyproject.toml").is_file():
                yield member


def _matching(project: Path, glob: str) -> list[Path]:
    pattern = os.path.normpath(glob)
    return [project] if pattern == "." else sorted(project.glob(pattern))


def _uv_table(file: Path) -> dict[str, Any]:
    """Return ``[tool.uv]`` of a pyproject.toml; one that cannot be read names no siblings: uv says what is wrong."""
    try:
        text = file.read_bytes()
        if b"tool.uv" not in text:  # Most files: tomllib need not be imported then.
            return {}
        import tomllib

        return _table(_table(tomllib.loads(text.decode()), "tool"), "uv")
    except (OSError, ValueError):
        return {}


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _texts(table: dict[str, Any], key: str) -> list[str]:
    value = table.get(key)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
