"""The contract of builders, run on each of them with a real registry."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flytectl_py.builders.api import Builder
from flytectl_py.builders.docker import DockerBuilder
from flytectl_py.builders.podman import PodmanBuilder
from tests.contract.builder_contract import BuilderContract
from tests.support.docker.packages import CannotRunError
from tests.support.docker.parts import DockerParts
from tests.support.docker.podman import podman_environment, podman_folder, run_podman


@pytest.fixture(scope="module")
def podman() -> Iterator[dict[str, str]]:
    with podman_folder() as folder:
        try:
            environment = podman_environment(folder)
        except CannotRunError as error:
            pytest.skip(str(error))
        yield environment
        run_podman(environment, "system", "reset", "--force", check=False)


@pytest.mark.docker
class TestDocker(BuilderContract):
    @pytest.fixture
    def builder(self, docker: DockerParts, monkeypatch: pytest.MonkeyPatch) -> Builder:
        for name, value in docker.environment.items():
            monkeypatch.setenv(name, value)
        return DockerBuilder()

    @pytest.fixture
    def runs(self, docker: DockerParts) -> Callable[..., str]:
        return lambda uri, *command: docker.run("run", "--rm", uri, *command)

    @pytest.fixture
    def saved(self, docker: DockerParts, tmp_path: Path) -> Callable[[str], Path]:
        def save(uri: str) -> Path:
            docker.run("save", "-o", str(tmp_path / "image.tar"), uri)
            return tmp_path / "image.tar"

        return save


@pytest.mark.docker
class TestPodman(BuilderContract):
    @pytest.fixture
    def builder(self, podman: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Builder:
        for name, value in podman.items():
            monkeypatch.setenv(name, value)
        return PodmanBuilder()

    @pytest.fixture
    def runs(self, podman: dict[str, str], tmp_path: Path) -> Callable[..., str]:
        def run(uri: str, *command: str) -> str:
            # As a step of another build: `podman run` out of unpacked packages waits 20 s for each container's end.
            step = json.dumps(["/bin/sh", "-c", f"{shlex.join(command)} > /result/out"])
            (tmp_path / "Dockerfile").write_text(f"FROM {uri}\nRUN {step}\n")
            (tmp_path / "result").mkdir(exist_ok=True)
            (tmp_path / "result").chmod(0o777)  # an image need not run as root
            place = f"--volume={tmp_path / 'result'}:/result"
            run_podman(podman, "build", "--pull=never", "--no-cache", "--network=none", place, str(tmp_path))
            return (tmp_path / "result" / "out").read_text()

        return run

    @pytest.fixture
    def saved(self, podman: dict[str, str], tmp_path: Path) -> Callable[[str], Path]:
        def save(uri: str) -> Path:
            run_podman(podman, "save", "-o", str(tmp_path / "image.tar"), uri)
            return tmp_path / "image.tar"

        return save
