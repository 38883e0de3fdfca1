"""Projects made of a dict of files, loaded in this process, which is put back afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from flytectl_py.model.registry import current_registry
from flytectl_py.project.loaded import Loaded
from flytectl_py.project.loader import load
from flytectl_py.project.root import find_root

Tree = Callable[[Mapping[str, str]], Path]
LoadProject = Callable[..., Loaded]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files below a new folder and return it."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def load_project(tree: Tree) -> Iterator[LoadProject]:
    """Write files, then load one of them (or the folder) as the command line does."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    registry, caches = current_registry.get(), dict(sys.path_importer_cache)

    def run(files: Mapping[str, str], target: str = "app.py", root: str | None = None) -> Loaded:
        folder = tree(files)
        explicit = None if root is None else folder / root
        found = find_root(folder / target, explicit=explicit, home=folder.parent)
        return load(folder / target, found)

    yield run
    sys.path[:], sys.meta_path[:] = path, finders
    sys.modules.clear()
    sys.modules.update(modules)
    sys.path_importer_cache.clear()
    sys.path_importer_cache.update(caches)
    current_registry.set(registry)
