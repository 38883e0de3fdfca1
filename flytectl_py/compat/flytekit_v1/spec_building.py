"""Builds image specs, under the name that flytekit gives them as well, and asks whether an image is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flytectl_py.engines.image_building import ignore

if TYPE_CHECKING:
    from flytectl_py.compat.flytekit_v1.image_spec import ImageSpec


def build(
    spec: ImageSpec,
    *,
    push: bool | None = None,
    force: bool = False,
    dry_run: bool = False,
    output: str = "",
    note: Callable[[str], None] = ignore,
) -> str:
    """Build an image that is not there yet, and return its name; in a dry run, only its name.

    The name is `ImageSpec.image_name`, below the registry of the settings where the spec has none and it is pushed.
    Relative paths count from the current folder, as flytekit has it.

    :param push: None pushes what has a registry. :param force: build although it is there, as `ImageSpec.force_push`.
    :param output: the folder into which the builder ``dockerfile`` writes.
    :param note: takes sentences for the person, and the lines of the build.
    :raises DeclarationError: what cannot be honoured here.
    :raises InvalidImageError, ImageBuildError, NotReadyError, UsageError: as builds of all images.
    """
    from flytectl_py.config import settings as config
    from flytectl_py.engines.image_building import BuildOptions, build_images, labelled
    from flytectl_py.engines.image_history import ImageHistory
    from flytectl_py.engines.image_options import image_options
    from flytectl_py.engines.image_planning import PlannedImage, plan_one

    settings = config.settings() or config.resolve(environ=os.environ)
    plan = plan_one(spec.as_flyte_image(), Path.cwd(), image_options(settings))
    name = spec.image_name()
    pushes = bool(plan.registry) if push is None else push
    if pushes and spec.registry is None and plan.registry:
        name = f"{plan.registry}/{name}"
    named = spec.builder not in (None, "default")
    options = BuildOptions(
        builder=str(spec.builder) if named else settings.image_builder,
        where="ImageSpec(builder=…)" if named else settings.origin("image_builder"),
        push=push,
        force=force or spec.is_forced,
        dry_run=dry_run,
        output=output,
        also=(name,),
        secrets_dir=str(Path.cwd() / ".flyte" / "secrets"),
        note=note,
        progress=labelled(note),
    )
    build_images([PlannedImage((), plan)], options, ImageHistory(None))
    return name


def existence(uri: str) -> bool | None:
    """Whether an image is there: its registry is asked, or for a name without one the daemon. None: nobody can say."""
    from flytectl_py.builders.api import Existence
    from flytectl_py.builders.registry import LOCAL, make_builder
    from flytectl_py.errors import NotReadyError

    try:
        answer = make_builder(LOCAL).exists(uri)
    except NotReadyError:
        return None  # no daemon, which alone has images without a registry
    known = {Existence.EXISTS: True, Existence.ABSENT: False, Existence.NO_REPOSITORY: False}
    return known.get(answer.existence)
