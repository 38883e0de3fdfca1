"""Builders by name, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from flytectl_py.builders.api import Builder
from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError

BUILT_IN: Final = {
    "docker": "flytectl_py.builders.docker:DockerBuilder",
    "podman": "flytectl_py.builders.podman:PodmanBuilder",
    "dockerfile": "flytectl_py.builders.dockerfile:DockerfileBuilder",
    "environment": "flytectl_py.builders.environment:EnvironmentBuilder",
}
ENTRY_POINTS: Final = ("flytectl_py.builders", "flyte.plugins.image_builders")
"""Groups under which other distributions register ``name = "module:Class"``; called without arguments."""

LOCAL: Final = "local"
_OTHER_NAMES: Final = {"local-docker": "docker", "local-podman": "podman"}


def make_builder(name: str, *, where: str = "--builder") -> Builder:
    """Return a builder by name. ``local`` is Docker, else Podman: the first that works here, found out when it builds.

    :param where: the option or key that gives the name.
    :raises UnknownNameError: no builder of that name.
    :raises UsageError: ``remote``, which is a service of a Flyte backend.
    :raises NotReadyError: one of another distribution cannot be loaded.
    """
    if name == "remote":
        raise UsageError(
            "the builder 'remote' is a service of a Flyte backend, and is not available here",
            hint="--builder docker, podman, or dockerfile, which writes what another machine can build",
            where=where,
        )
    if name == LOCAL:
        return _local()
    name = _OTHER_NAMES.get(name, name)
    target = BUILT_IN.get(name) or _of_others().get(name)
    if target is None:
        raise UnknownNameError("builder", name, [LOCAL, *BUILT_IN, *sorted(_of_others())], where=where)
    return _loaded(name, target)


def _local() -> Builder:
    from flytectl_py.builders.docker import DockerBuilder
    from flytectl_py.builders.local import LocalBuilder
    from flytectl_py.builders.podman import PodmanBuilder

    return LocalBuilder([DockerBuilder(), PodmanBuilder()])


def _loaded(name: str, target: str) -> Builder:
    module, _, attribute = target.partition(":")
    try:
        return cast(Builder, getattr(import_module(module), attribute)())
    except (ImportError, AttributeError) as error:
        if name in BUILT_IN:
            raise
        raise NotReadyError(
            f"the builder '{name}' cannot be loaded from {target}: {error}",
            hint="install or update the distribution that registers it",
        ) from error


def _of_others() -> dict[str, str]:
    from importlib.metadata import entry_points

    found = {point.name: point.value for group in ENTRY_POINTS for point in entry_points(group=group)}
    return {name: value for name, value in found.items() if name not in BUILT_IN}
