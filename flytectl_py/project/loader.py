"""Loads the user's file or folder: each module once, under the name by which the project imports it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from flytectl_py.errors import UsageError
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.project.importer import Importer
from flytectl_py.project.loaded import Loaded
from flytectl_py.project.root import Root
from flytectl_py.project.siblings import SiblingFinder
from flytectl_py.project.target import locate

# These run when they are imported: they are programs, not modules.
_PROGRAMS = frozenset({"__main__.py", "setup.py"})


def load(
    target: Path, root: Root, *, cwd: Path | None = None, registry: Registry | None = None, recursive: bool = True
) -> Loaded:
    """Load a Python file, or every Python file of a folder, and return what it declares.

    What is declared enters `registry`, which is the current one from then on. A single file is also ``__main__`` from
    then on; its ``if __name__ == "__main__":`` blocks do not run. ``sys.path`` begins with the root's import paths.

    :param root: of `find_root`, for the same target.
    :param cwd: what a relative target is relative to; the process's own folder unless given.
    :param registry: a new one unless given.
    :param recursive: of a folder, also the files of the folders in it.
    :raises UsageError: no such file, or a folder without Python files.
    :raises ModuleLoadError: a module of the user's raised while it was loaded.
    """
    path = locate(target, cwd=cwd)
    registry = Registry(loads_files=True) if registry is None else registry
    current_registry.set(registry)
    is_folder = path.is_dir()
    if is_folder:
        files, root = _python_files(path, root)
        below = len(files)
        if not recursive:
            files = [each for each in files if os.path.dirname(each) == str(path)]
        if not files:
            raise UsageError(
                f"no Python file in {target}",
                hint=f"{below} lie deeper: --recursive" if below else "give a .py file, or a folder that holds some",
            )
    else:
        files = [str(path)]
    siblings = SiblingFinder(path if is_folder else path.parent)
    importer = Importer([str(each) for each in root.import_paths], siblings)
    modules = tuple(_modules(importer, files, root, is_main=not is_folder))
    loaded = Loaded(root, path, modules, registry, siblings.resolved)
    if not importer.is_first:
        loaded.register_known()
    return loaded


def _python_files(folder: Path, root: Root) -> tuple[list[str], Root]:
    """Return the Python files below `folder` in order, and `root` with the source folders of projects within it."""
    from flytectl_py.project.ignore import ignore_rules
    from flytectl_py.project.walk import Entry, walk

    files: list[str] = []
    paths: list[Path] = []
    for entry in walk(folder, ignore_rules(folder)):
        # What a symbolic link leads to lies in the folder too, and is loaded there.
        if not isinstance(entry, Entry) or entry.linked:
            continue
        name = entry.location.rpartition(os.sep)[2]
        if name.endswith(".py") and name not in _PROGRAMS:
            files.append(entry.location)
        elif name == "pyproject.toml":
            source = Path(entry.location).parent / "src"
            if source.is_dir() and source not in root.import_paths:
                paths.append(source)
    return files, dataclasses.replace(root, import_paths=(*paths, *root.import_paths)) if paths else root


def _modules(importer: Importer, files: list[str], root: Root, *, is_main: bool) -> Iterator[ModuleType]:
    for file in files:
        try:
            module = importer.module(file, is_main=is_main)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            from flytectl_py.project.failure import load_failure

            raise load_failure(error, Path(file), root) from error
        yield module
