"""What `flyte doctor` makes of what it was told of builders, registries and images."""

from __future__ import annotations

from typing import NamedTuple

from flytectl_py.plan.diagnosis import Finding, State

INSTALL_DOCKER = "https://docs.docker.com/engine/install/"
INSTALL_BUILDX = "https://docs.docker.com/build/install-buildx/"


class Program(NamedTuple):
    """A program that builds. `version` is empty where it does not work; `lacks` says why, empty where it does.

    :param path: empty where it is not installed.
    """

    path: str = ""
    version: str = ""
    lacks: str = ""

    @property
    def works(self) -> bool:
        """Whether it can be used."""
        return bool(self.path) and not self.lacks


def builder_findings(docker: Program, buildx: Program, podman: Program, needed: str) -> list[Finding]:
    """Judge what can build images here.

    :param needed: why one is, as a phrase; empty where none is.
    """
    works = (docker.works and buildx.works) or podman.works
    lacking: State = "missing" if needed and not works else "note"
    because = f" ({needed})" if needed and not works else ""
    found = []
    if not docker.path:
        found.append(Finding("docker", lacking, f"docker is not on the PATH{because}", INSTALL_DOCKER))
    elif not docker.works:
        found.append(Finding("docker", lacking, f"{docker.path}: {docker.lacks}{because}", "docker version"))
    else:
        found.append(Finding("docker", "ok", f"{docker.path}, daemon {docker.version}"))
        if buildx.works:
            found.append(Finding("buildx", "ok", buildx.version))
        else:
            found.append(Finding("buildx", lacking, f"docker has no buildx{because}", INSTALL_BUILDX))
    if podman.works:
        found.append(Finding("podman", "ok", f"{podman.path}, {podman.version}"))
    elif podman.path:
        found.append(Finding("podman", "note", f"{podman.path}: {podman.lacks}", "podman info"))
    else:
        found.append(Finding("podman", "note", "podman is not on the PATH; it would do instead of docker"))
    return found


def registry_finding(where: str, *, may_push: bool, message: str, hint: str) -> Finding:
    """Judge what a registry answered to the question whether we may push."""
    state: State = "ok" if may_push else "missing"
    return Finding(f"registry {where}", state, message, "" if may_push else hint)


class Started(NamedTuple):
    """What came of starting a command in an image.

    :param found: whether it is there; None where nobody can say, and `said` why.
    """

    found: bool | None
    said: str = ""


def a0_finding(image: str, started: Started, *, needed: bool) -> Finding:
    """Judge whether an image can run tasks: they are started by the command `a0`.

    :param needed: the image was asked about, or is FILE's.
    """
    check = f"image {image}"
    if started.found:
        return Finding(check, "ok", "it has the command a0")
    if started.found is None:
        return Finding(check, "missing" if needed else "note", started.said, f"docker pull {image}")
    return Finding(
        check,
        "missing",
        f"it has no command a0, so no task can be started in it{f': {started.said}' if started.said else ''}",
        "install it there: RUN pip install flytectl-py",
    )
