"""The contract of builders, run on each of them with a real registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.builders.api import Builder
from flytectl_py.builders.docker import DockerBuilder
from tests.contract.builder_contract import BuilderContract
from tests.support.docker.parts import DockerParts


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
