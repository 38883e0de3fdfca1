"""Asks docker, podman and registries what `flyte doctor` wants to know of them, each within a few seconds."""

from __future__ import annotations

import os
import shutil
from typing import Final

from flytectl_py.builders.api import Answer
from flytectl_py.builders.container_builder import last_line
from flytectl_py.builders.processes import Processes
from flytectl_py.plan.image_diagnosis import Program, Started

SECONDS: Final = 8.0
"""That one program or registry may take."""
PULL_SECONDS: Final = 300.0
"""That an image may take to come, and a container to start."""

_NOT_THERE: Final = (126, 127)
"""Exit codes of docker and podman for a command that the image does not have, or that cannot be run."""


def docker() -> Program:
    """Return what the daemon is to which ``docker`` leads."""
    return _asked("docker", "version", "--format", "{{.Server.Version}}")


def buildx() -> Program:
    """Return what docker's plugin says of itself."""
    return _asked("docker", "buildx", "version")


def podman() -> Program:
    """Return what ``podman`` is."""
    return _asked("podman", "info", "--format", "{{.Version.Version}}")


def push_answer(uri: str) -> Answer:
    """Ask the registry of an image whether we may push there."""
    from flytectl_py.builders.docker import DockerBuilder
    from flytectl_py.builders.registry_api import RegistryApi
    from flytectl_py.builders.registry_exchange import Exchange

    return RegistryApi(Exchange(os.environ, insecure=DockerBuilder().speaks_plainly, timeout=SECONDS)).may_push(uri)


def is_here(program: str, image: str) -> bool:
    """Whether the daemon has an image."""
    return Processes().ask([program, "image", "inspect", image], timeout=SECONDS)[0] == 0


def start_a0(program: str, image: str) -> Started:
    """Start ``a0 --help`` in an image, which is fetched if it is not here."""
    ask = Processes().ask
    if not is_here(program, image):
        code, out, err = ask([program, "pull", image], timeout=PULL_SECONDS)
        if code:
            return Started(None, f"it cannot be fetched: {last_line(err or out)}")
    words = ["run", "--rm", "--network", "none", "--entrypoint", "a0", image, "--help"]
    code, out, err = ask([program, *words], timeout=PULL_SECONDS)
    if code == 0:
        return Started(found=True)
    if code in _NOT_THERE and "did not answer within" not in err:
        return Started(found=False)
    return Started(found=False, said=f"a0 --help fails there with {code}: {last_line(err or out)}")


def _asked(program: str, *words: str) -> Program:
    path = shutil.which(program)
    if path is None:
        return Program()
    code, out, err = Processes().ask([program, *words], {**os.environ, "DOCKER_CLI_HINTS": "false"}, timeout=SECONDS)
    if code or not out.strip():
        return Program(path, lacks=last_line(err or out))
    return Program(path, last_line(out))
