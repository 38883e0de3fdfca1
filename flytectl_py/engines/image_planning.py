"""The images of some environments, planned: what is read from disk for them, and which of them are one image."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Final

from flytectl_py.digest.manifest import FileEntry
from flytectl_py.errors import ConflictError, InvalidImageError, UsageError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.model.image import Image
from flytectl_py.model.layers import CodeStyle
from flytectl_py.plan.image import ContextFile, ImagePlan
from flytectl_py.plan.image_layout import why_not_importable
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from flytectl_py.project.image_files import ImageFiles
from flytectl_py.project.state import writable_state
from flytectl_py.storage.hashing import hash_files
from flytectl_py.storage.stat_index import StatIndex

LAYOUT_HINT: Final = (
    "add with_code_bundle() to the image, or let root_dir and with_source_folder() agree: the folder "
    "itself goes with its parent as the root, its contents (copy_contents_only=True) with the folder"
)


@dataclass(frozen=True)
class ImageProject:
    """The project whose images are planned.

    :param target: the file or folder that was loaded. :param modules: those that were loaded with it.
    """

    root: Path
    import_paths: tuple[Path, ...] = ()
    target: Path | None = None
    environments: tuple[Environment, ...] = ()
    modules: Mapping[str, ModuleType | None] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedImage:
    """One image and the environments that use it, by name."""

    environments: tuple[str, ...]
    plan: ImagePlan

    def __str__(self) -> str:
        return f"the image of {', '.join(self.environments)}" if self.environments else f"the image {self.plan.uri}"


def plan_images(
    environments: Iterable[Environment],
    project: ImageProject,
    options: ImageOptions,
    *,
    bake_code: bool = False,
    check_code: bool = True,
) -> list[PlannedImage]:
    """Return the images of `environments` and of all that they depend on, each once.

    :param bake_code: with copy style none the code is in the image. :param check_code: refuse one that cannot run it.
    :raises InvalidImageError, UnknownNameError: as `plan_image`.
    :raises UsageError: with `bake_code`, an image that has nothing to put the code into.
    """
    hasher = _Hasher(project.root)
    settled = _with_code(options, project) if bake_code else options
    users: dict[str, list[str]] = {}
    plans: dict[str, ImagePlan] = {}
    for environment in with_dependencies(environments):
        anchor = os.path.dirname(environment.place.file)
        try:
            plan = plan_image(
                environment.image, _files(anchor, project.root, hasher), settled, where=str(environment.place)
            )
        except InvalidImageError as error:
            error.where = error.where or str(environment.place)
            raise
        if bake_code and check_code:
            _check_code(environment, plan, project.root)
        known = plans.setdefault(plan.uri, plan)
        if known.dockerfile != plan.dockerfile:
            raise ConflictError(f"two images are named {plan.uri} and are not the same", where=str(environment.place))
        users.setdefault(plan.uri, []).append(environment.name)
    hasher.save()
    return [PlannedImage(tuple(names), plans[uri]) for uri, names in users.items()]


def plan_one(image: Image | str, root: Path, options: ImageOptions) -> ImagePlan:
    """Return the plan of one image; relative paths count from `root`, then from the current folder."""
    hasher = _Hasher(root)
    plan = plan_image(image, _files(str(root), root, hasher), options)
    hasher.save()
    return plan


def with_dependencies(environments: Iterable[Environment]) -> list[Environment]:
    """Return environments and those that they depend on, directly or not, each once."""
    found: dict[str, Environment] = {}
    waiting = list(environments)
    while waiting:
        each = waiting.pop(0)
        if each.name not in found:
            found[each.name] = each
            waiting += each.depends_on
    return list(found.values())


def _files(anchor: str, root: Path, hasher: _Hasher) -> ImageFiles:
    folders = [each for each in (anchor, str(root), os.getcwd()) if os.path.isabs(each)]
    return ImageFiles(list(dict.fromkeys(folders)), hasher)


def _with_code(options: ImageOptions, project: ImageProject) -> ImageOptions:
    known: dict[CodeStyle, tuple[ContextFile, ...]] = {}

    def code(style: CodeStyle) -> tuple[ContextFile, ...]:
        if style not in known:
            known[style] = _code(project, style)
        return known[style]

    return replace(options, code=code)


def _check_code(environment: Environment, plan: ImagePlan, root: Path) -> None:
    """Refuse an image in which the tasks of its environment cannot be imported.

    :raises UsageError: their module is not in it, or lies elsewhere than the root says.
    """
    for task, _, path, wrong in code_faults(environment, plan, root):
        raise UsageError(
            f"with copy style none the image of '{environment.name}' cannot run {task}, which is in {path}: {wrong}",
            hint=LAYOUT_HINT,
            where=str(environment.place),
        )


def code_faults(environment: Environment, plan: ImagePlan, root: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield each task that its image could not import: its name, its file, that below the root, and why not."""
    import inspect

    for task in environment.tasks.values() if isinstance(environment, TaskEnvironment) else ():
        file = getattr(getattr(inspect.unwrap(task.func), "__code__", None), "co_filename", "")
        path = os.path.relpath(file, root).replace(os.sep, "/") if os.path.isabs(file) else "../"
        wrong = "" if path.startswith("../") else why_not_importable(plan, file, path)
        if wrong:
            yield task.name, file, path, wrong


def _code(project: ImageProject, style: CodeStyle) -> tuple[ContextFile, ...]:
    """Return the files of the bundle that would travel: the same list, copied instead of packed."""
    from flytectl_py.engines.bundle_imports import Code
    from flytectl_py.engines.bundling import Request, plan_bundle

    if project.target is None:
        raise UsageError(
            "with_code_bundle(): which code is not known here",
            hint="build the environments of a file: flyte build FILE",
        )
    code = Code(
        project.root, project.import_paths, project.target, project.environments, project.modules or dict(sys.modules)
    )
    plan = plan_bundle(code, Request(style))
    return tuple(
        ContextFile(path, executable, size, sha256, os.path.join(plan.root, path))
        for path, executable, size, sha256 in plan.manifest
    )


class _Hasher:
    """Hashes files of images; those below the root with the help of the index that code bundles use."""

    def __init__(self, root: Path) -> None:
        self._top = os.path.join(os.path.realpath(root), "")
        state = writable_state(root)
        self._index = StatIndex.for_root(state, root) if state is not None else None

    def __call__(self, folder: Path, paths: Sequence[str]) -> Iterable[FileEntry]:
        real = os.path.join(os.path.realpath(folder), "")
        if self._index is None or not real.startswith(self._top):
            return hash_files(folder, paths)
        below = real[len(self._top) :].replace(os.sep, "/")
        found = hash_files(Path(self._top), [below + path for path in paths], self._index)
        return [each._replace(path=each.path[len(below) :]) for each in found]

    def save(self) -> None:
        if self._index is not None:
            self._index.save()
