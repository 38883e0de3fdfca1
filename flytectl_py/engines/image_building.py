"""Builds planned images where they are missing, and says of each what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from flytectl_py.engines.image_history import ImageHistory
from flytectl_py.engines.image_planning import PlannedImage
from flytectl_py.errors import NotReadyError, UsageError

if TYPE_CHECKING:
    from flytectl_py.builders.api import Builder, BuildRequest


def ignore(*said: str) -> None:
    """Say nothing."""
    del said


def labelled(note: Callable[[str], None]) -> Callable[[str, str], None]:
    """Return what says each line of a build with the environment that it is for: builds run side by side."""
    return lambda environment, line: note(f"{environment}: {line}")


State = Literal["present", "to build", "built", "written", "unknown"]


@dataclass(frozen=True)
class BuildOptions:
    """How to build.

    :param push: None pushes what has a registry.
    :param tag: a further tag for each image whose registry and name are among `tagged`.
    :param also: further whole names, where one image is built.
    :param output: the folder for the builder ``dockerfile``; several images each get a folder in it.
    :param secrets_dir: where secrets are that no environment variable holds.
    :param note: takes sentences for the person.
    :param progress: takes each line of a build, after the environment whose image it is; from several threads.
    """

    builder: str = "local"
    where: str = "--builder"
    push: bool | None = None
    force: bool = False
    dry_run: bool = False
    output: str = ""
    tag: str = ""
    tagged: frozenset[tuple[str, str]] = frozenset()
    also: tuple[str, ...] = ()
    secrets_dir: str = ""
    note: Callable[[str], None] = field(default=ignore, repr=False)
    progress: Callable[[str, str], None] = field(default=ignore, repr=False)


@dataclass(frozen=True)
class ImageOutcome:
    """What came of one image.

    :param state: ``present`` it was there; ``built``; ``written`` to a folder; ``to build`` a dry run of what would be
        built in any case; ``unknown`` nobody was asked, or nobody could say.
    :param changed: what differs from the last build for its environments, one phrase each.
    :param seconds: that its build took.
    """

    planned: PlannedImage
    state: State
    changed: tuple[str, ...] = ()
    seconds: float = 0.0
    digest: str = ""


def build_images(images: Sequence[PlannedImage], options: BuildOptions, history: ImageHistory) -> list[ImageOutcome]:
    """Build what is missing. In a dry run nothing is asked of a daemon, a registry or the network.

    :param history: what was built before; told of what was built now.
    :raises UsageError: a push without a registry; a builder that is not known; several images and an `output` in use.
    :raises NotReadyError: no builder works here, or a registry does not say whether an image exists.
    :raises ImageBuildError: a step of a build failed.
    """
    wanted = [each for each in images if not each.plan.given]
    changed = {each.plan.uri: history.changes(each) for each in wanted}
    for each in wanted:
        for warning in each.plan.warnings:
            options.note(warning)
    pushed = {each.plan.uri: _push(each, options) for each in wanted}
    if options.dry_run:
        return [ImageOutcome(each, _planned(each, options), changed.get(each.plan.uri, ())) for each in images]
    if not wanted:
        return [ImageOutcome(each, "unknown") for each in images]
    from flytectl_py.builders.building import build_missing
    from flytectl_py.builders.registry import make_builder

    builder = make_builder(options.builder, where=options.where)
    for each in wanted:
        if builder.pushes:
            _check_logins(each)
        if each.plan.registry_secret is not None:
            options.note(
                f"registry_secret '{each.plan.registry_secret.key}' is for builders of a backend: '{builder.name}' "
                f"logs in to {each.plan.registry or 'registries'} as 'docker login' has been told"
            )
    requests = [_request(each, builder, options, push=pushed[each.plan.uri], alone=len(wanted) == 1) for each in wanted]
    built = build_missing(builder, requests, force=options.force)
    outcomes = []
    for each in images:
        if each.plan.given:
            outcomes.append(_given(each, builder, options))
            continue
        one = built[each.plan.uri]
        said = one.result.notes if one.result is not None else one.answer.notes if one.answer is not None else ()
        for note in said:
            options.note(note)
        seconds, digest = (one.result.seconds, one.result.digest) if one.result is not None else (0.0, "")
        outcomes.append(ImageOutcome(each, one.state, changed[each.plan.uri], seconds, digest))
        if one.state != "written":
            history.remember(each)
    return outcomes


def _planned(image: PlannedImage, options: BuildOptions) -> State:
    return "to build" if options.force and not image.plan.given else "unknown"


def _push(image: PlannedImage, options: BuildOptions) -> bool:
    """Whether an image is pushed.

    :raises UsageError: it is to be, and there is no registry.
    """
    if options.push and not image.plan.registry:
        raise UsageError(
            f"{image} names no registry to push to",
            hint="give --registry HOST/PATH, Image(…, registry=…), or image.registry in the configuration",
            where="--push",
        )
    return bool(image.plan.registry) if options.push is None else options.push


def _check_logins(image: PlannedImage) -> None:
    """Refuse an image that is to be pushed with other logins than those that Docker, and we, read.

    :raises NotReadyError: so it is.
    """
    from flytectl_py.builders.logins import config_file

    wanted = image.plan.registry_logins
    if wanted and os.path.realpath(wanted) != os.path.realpath(config_file(os.environ)):
        raise NotReadyError(
            f"{image} names {wanted} for the logins to registries, and {config_file(os.environ)} is in effect",
            hint=f"DOCKER_CONFIG={os.path.dirname(wanted)}, in which that file is config.json; or 'docker login'",
            where="registry_config",
        )


def _request(image: PlannedImage, builder: Builder, options: BuildOptions, *, push: bool, alone: bool) -> BuildRequest:
    from flytectl_py.builders.api import BuildRequest
    from flytectl_py.engines.secrets import build_secrets

    names = {each.id: each.secret for each in image.plan.secrets}
    label = image.environments[0] if image.environments else image.plan.uri
    folder = options.output if alone or not options.output else str(Path(options.output, image.environments[0]))
    return BuildRequest(
        image.plan,
        also=_also(image, options),
        push=push and (builder.pushes or options.push is True),
        secrets=build_secrets(names, options.secrets_dir) if names and not options.output else {},
        output=folder,
        progress=lambda line: options.progress(label, line),
    )


def _also(image: PlannedImage, options: BuildOptions) -> tuple[str, ...]:
    registry, name = image.plan.registry, image.plan.name
    if not options.tag or (registry, name) not in options.tagged:
        return options.also
    return (*options.also, f"{registry}/{name}:{options.tag}" if registry else f"{name}:{options.tag}")


def _given(image: PlannedImage, builder: Builder, options: BuildOptions) -> ImageOutcome:
    """Say of an image that the user gave whether it is there. That it is not known stops nobody."""
    from flytectl_py.builders.api import Existence

    if not builder.pushes:
        return ImageOutcome(image, "unknown")
    answer = builder.exists(image.plan.uri)
    if answer.existence is Existence.EXISTS:
        return ImageOutcome(image, "present", digest=answer.digest)
    options.note(f"{image}: {answer.message}")
    return ImageOutcome(image, "unknown")
