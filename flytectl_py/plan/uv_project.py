"""What a uv project brings into an image: its lock, and as much of its files as the way of installing it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from flytectl_py.digest.framing import Value
from flytectl_py.model.layers import UvProject
from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import FaultyLayer, Resolved, Sources, digest_of
from flytectl_py.plan.requirement import FLYTE, asks_for_flyte, normal_name
from flytectl_py.plan.uv_lock import LocalKind, LocalPackage, UvLock, disagreements, read_lock


class _Layout(NamedTuple):
    """Where things are, all absolute: the project, its lock, and the folder in which uv is run."""

    project: str
    lock: str
    workspace: str


def resolve_uv_project(layer: UvProject, sources: Sources, options: Mapping[str, Value]) -> Resolved:
    """Return what a layer becomes.

    Without the project: pyproject.toml and uv.lock, and the pyproject.toml of packages that run from where they are;
    these are not installed, so that no edit of the user's code makes another image. A package that the lock takes as
    a copy (a path that is not editable) is a dependency like any other: all its files count. With the project, all
    files of the project and of its packages on this machine count, as the ignore rules leave them.

    :param options: the fields that all layers of Python packages share.
    :raises FaultyLayer: a file is missing or is not what it should be.
    """
    pyproject = sources.absolute(layer.pyproject)
    table = read_toml(layer.declared_by, pyproject, sources)
    project = os.path.dirname(pyproject)
    layout, lock = _locked(layer, project, sources)
    whole = layer.project_install_mode == "install_project"
    gathered = _files(layer.declared_by, layout, lock, sources, whole=whole)
    top = os.path.commonpath([layout.workspace, *(os.path.dirname(each) for each in gathered.files)])
    placed = [moved_to(each, relative(path, top)) for path, each in gathered.files.items()]
    context = tuple(sorted(placed, key=lambda each: each.path))
    wants = (lock is not None and FLYTE in lock.names) or asks_for_flyte(dependencies(table))
    name = str(table.get("project", {}).get("name", ""))
    fields: dict[str, Value] = {
        **options,
        "files": digest_of(context),
        "folder": relative(layout.workspace, top),
        "locked": lock is not None,
        "mode": layer.project_install_mode,
        "package": name if layout.workspace != project else None,
        "without": sorted({*gathered.skipped, FLYTE}),
    }
    return Resolved(
        "uv-project",
        layer.declared_by,
        fields,
        context,
        layer.secret_mounts,
        wants_flyte=wants,
        installs=True,
        warnings=_warnings(layer, lock, table),
    )


def read_toml(layer: str, path: str, sources: Sources) -> dict[str, Any]:
    """Return a TOML file.

    :raises FaultyLayer: it is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(sources.content(path).decode())
    except ValueError as error:
        raise FaultyLayer(layer, path, f"is not TOML: {error}") from error


def dependencies(table: Mapping[str, Any]) -> list[str]:
    """Return all that a pyproject.toml asks for: its dependencies, optional ones and groups."""
    project = table.get("project", {})
    lists = [
        project.get("dependencies", []),
        *project.get("optional-dependencies", {}).values(),
        *table.get("dependency-groups", {}).values(),
    ]
    return [each for listed in lists for each in listed if isinstance(each, str)]


def relative(path: str, top: str) -> str:
    """Return `path` below `top`, both absolute, POSIX; ``.`` for `top` itself."""
    return path[len(top) :].replace(os.sep, "/").strip("/") or "."


def moved_to(file: ContextFile, path: str) -> ContextFile:
    """Return the file at another path of the context."""
    from dataclasses import replace

    return replace(file, path=path)


def _locked(layer: UvProject, project: str, sources: Sources) -> tuple[_Layout, UvLock | None]:
    """Find the lock file: the one that is named, the one beside the project, or that of the workspace around it."""
    if layer.uvlock is not None:
        path = sources.absolute(layer.uvlock)
        lock = _read(layer.declared_by, path, sources)
        return _Layout(project, path, _workspace(path, lock, project)), lock
    folder = project
    while True:
        path = os.path.join(folder, "uv.lock")
        if sources.is_file(path):
            lock = _read(layer.declared_by, path, sources)
            if folder == project or _workspace(path, lock, project) == folder:
                return _Layout(project, path, folder), lock
        if os.path.dirname(folder) == folder:
            return _Layout(project, "", project), None
        folder = os.path.dirname(folder)


def _read(layer: str, path: str, sources: Sources) -> UvLock:
    try:
        return read_lock(sources.content(path).decode())
    except ValueError as error:
        raise FaultyLayer(layer, path, f"is not a lock file of uv: {error}") from error


def _workspace(lock_path: str, lock: UvLock, project: str) -> str:
    """Return the folder to run uv in: that of the lock where it has the project as a member, else the project's."""
    folder = os.path.dirname(lock_path)
    member = any(os.path.normpath(os.path.join(folder, each.path)) == project for each in lock.local)
    return folder if member else project


class _Gathered:
    """Files by where they belong, absolute; and the packages that are not installed."""

    def __init__(self, layer: str, sources: Sources) -> None:
        self._layer = layer
        self._sources = sources
        self.files: dict[str, ContextFile] = {}
        self.skipped: list[str] = []

    def add(self, path: str, at: str = "") -> None:
        if not self._sources.is_file(path):
            raise FaultyLayer(self._layer, path, "does not exist, and the lock file names it; run 'uv lock'")
        self.files[at or path] = self._sources.file(path)

    def add_folder(self, folder: str) -> None:
        if not self._sources.is_dir(folder):
            raise FaultyLayer(self._layer, folder, "does not exist, and the lock file names it; run 'uv lock'")
        for each in self._sources.folder(folder, git=True):
            self.files.setdefault(os.path.join(folder, *each.path.split("/")), each)

    def add_local(self, package: LocalPackage, place: str, *, whole: bool) -> None:
        """Add what is needed of a package on this machine other than the project."""
        if package.kind == "path":
            self.add(place)
        elif package.kind == "directory" or (whole and package.kind == "editable"):
            self.add_folder(place)
        else:
            self.add(os.path.join(place, "pyproject.toml"))
            self.skipped += [] if whole else [normal_name(package.name)]


def _files(layer: str, layout: _Layout, lock: UvLock | None, sources: Sources, *, whole: bool) -> _Gathered:
    gathered = _Gathered(layer, sources)
    if whole:
        gathered.add_folder(layout.project)
    for folder in (layout.project, layout.workspace):
        gathered.add(os.path.join(folder, "pyproject.toml"))
    beside = os.path.dirname(layout.lock) if layout.lock else layout.project
    for each in lock.local if lock is not None else _unlocked(layer, layout.project, sources):
        place = os.path.normpath(os.path.join(beside, each.path))
        if place not in (layout.project, layout.workspace):
            gathered.add_local(each, place, whole=whole)
        elif not whole:
            gathered.skipped.append(normal_name(each.name))
    if layout.lock:
        # One that is named may lie elsewhere; uv looks for it where it runs.
        gathered.add(layout.lock, os.path.join(layout.workspace, "uv.lock"))
    return gathered


def _unlocked(layer: str, project: str, sources: Sources) -> list[LocalPackage]:
    """Return the packages on this machine that a project without a lock leads to, as its sources say."""
    found: dict[str, LocalPackage] = {}
    waiting = [project]
    while waiting:
        folder = waiting.pop()
        file = os.path.join(folder, "pyproject.toml")
        if not sources.is_file(file):
            continue
        named = read_toml(layer, file, sources).get("tool", {}).get("uv", {}).get("sources", {})
        for name, each in named.items():
            if not isinstance(each, dict) or not isinstance(each.get("path"), str):
                continue
            place = os.path.normpath(os.path.join(folder, each["path"]))
            if place not in found and place != project:
                kind: LocalKind = "path" if sources.is_file(place) else "directory"
                kind = "editable" if each.get("editable") else kind
                found[place] = LocalPackage(name, kind, place)
                waiting.append(place)
    return list(found.values())


def _warnings(layer: UvProject, lock: UvLock | None, table: Mapping[str, Any]) -> tuple[str, ...]:
    if lock is None:
        says = f"there is no uv.lock beside {layer.pyproject}, so builds of one tag may install other versions"
    elif wrong := disagreements(lock, table):
        says = f"the uv.lock of {layer.pyproject} is older than it ({'; '.join(wrong)}), and the build will refuse it"
    else:
        return ()
    return (f"{layer.declared_by}: {says}; run 'uv lock'",)
