"""References to images, taken apart: registry, repository, tag and digest."""

from __future__ import annotations

from typing import NamedTuple

from flytectl_py.errors import UsageError

DOCKER_HUB = "docker.io"
# Where the registry named docker.io really answers, and the name under which its credentials are kept:
# https://github.com/distribution/reference and https://docs.docker.com/reference/cli/docker/login/
HUB_HOST = "registry-1.docker.io"
HUB_LOGIN = "https://index.docker.io/v1/"


class Reference(NamedTuple):
    """``ghcr.io/team/app:v1`` is ``("ghcr.io", "team/app", "v1", "")``.

    :param named_registry: whether the reference itself names the registry; else it is Docker Hub by default.
    """

    registry: str
    repository: str
    tag: str
    digest: str
    named_registry: bool

    @property
    def version(self) -> str:
        """What the registry knows it by: the digest if there is one, else the tag."""
        return self.digest or self.tag

    @property
    def host(self) -> str:
        """The host, with its port if it has one, that answers for the registry."""
        return HUB_HOST if self.registry == DOCKER_HUB else self.registry


def parse(uri: str) -> Reference:
    """Return the parts of a reference, completed as Docker does: ``python`` is ``docker.io/library/python:latest``.

    :raises UsageError: it is none.
    """
    name, _, digest = uri.partition("@")
    first, slash, rest = name.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if named else (DOCKER_HUB, name)
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, ""
    if registry in {"index.docker.io", HUB_HOST}:
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    if not repository.rpartition("/")[2] or any(letter.isspace() for letter in uri) or (digest and ":" not in digest):
        raise UsageError(f"'{uri}' is no reference to an image", hint="write it as HOST/NAME:TAG")
    return Reference(registry, repository, tag or ("" if digest else "latest"), digest, named)


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine. Docker speaks plain HTTP to such registries."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name in {"localhost", "::1"} or name.startswith("127.")
