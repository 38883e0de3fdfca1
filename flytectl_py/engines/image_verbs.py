"""What ``flyte.build`` and ``flyte.build_images`` do: settings and places found, then as on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from flytectl_py.config import settings as config
from flytectl_py.config.resolution import Settings
from flytectl_py.engines.image_building import BuildOptions, build_images, labelled
from flytectl_py.engines.image_history import ImageHistory
from flytectl_py.engines.image_options import image_options
from flytectl_py.engines.image_planning import ImageProject, PlannedImage, plan_images, plan_one
from flytectl_py.errors import UsageError
from flytectl_py.model.environment import Environment
from flytectl_py.model.image import Image
from flytectl_py.plan.bundle import checked_copy_style
from flytectl_py.plan.image_cache import ImageCache
from flytectl_py.project.root import find_root
from flytectl_py.project.snapshot import loaded_before_runs


def build_one(image: Image, caller: str, *, dry_run: bool, force: bool, note: Callable[[str], None]) -> str:
    """Return the URI of an image that is there after the call; in a dry run, where it would be.

    :param caller: the file that asks: relative paths count from its folder.
    """
    if not isinstance(image, Image):
        raise UsageError(
            f"flyte.build takes an Image, got {image!r}", hint="build environments with flyte.build_images"
        )
    settings = config.settings() or config.resolve(environ=os.environ)
    root = Path(os.path.dirname(caller)) if os.path.isabs(caller) else Path.cwd()
    plan = plan_one(image, root, image_options(settings))
    options = _options(settings, root, dry_run=dry_run, force=force, note=note)
    return build_images([PlannedImage((), plan)], options, ImageHistory(None))[0].planned.plan.uri


def build_all(
    environments: Sequence[Environment], copy_style: str, *, dry_run: bool, force: bool, note: Callable[[str], None]
) -> ImageCache:
    """Return where the image of each environment is, and of those that it depends on."""
    for each in environments:
        if not isinstance(each, Environment):
            raise UsageError(f"flyte.build_images takes environments, got {each!r}")
    settings = config.settings() or config.resolve(environ=os.environ)
    file = Path(environments[0].place.file)
    root = find_root(file, configured=settings.root_dir)
    bake = checked_copy_style(copy_style, "build_images(copy_style=…)") == "none"
    modules = loaded_before_runs() or dict(sys.modules)
    project = ImageProject(root.path, root.import_paths, file, tuple(environments), modules)
    images = plan_images(environments, project, image_options(settings), bake_code=bake)
    options = _options(settings, root.path, dry_run=dry_run, force=force, note=note)
    history = ImageHistory.of(root.path)
    outcomes = build_images(images, options, history)
    return ImageCache({name: each.planned.plan.uri for each in outcomes for name in each.planned.environments})


def _options(
    settings: Settings, root: Path, *, dry_run: bool, force: bool, note: Callable[[str], None]
) -> BuildOptions:
    return BuildOptions(
        builder=settings.image_builder,
        where=settings.origin("image_builder"),
        force=force,
        dry_run=dry_run,
        secrets_dir=str(root / ".flyte" / "secrets"),
        note=note,
        progress=labelled(note),
    )
