"""Docker, else Podman: which of them is found out only when something must be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.builders.api import BuildRequest, Existence
from flytectl_py.builders.registry import make_builder
from flytectl_py.errors import NotReadyError
from flytectl_py.plan.image import ImagePlan
from tests.support.docker.scripted_registry import ScriptedRegistry, Told, scripted_registry


def _program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "bin"


def test_a_registry_is_asked_without_any(programs: Path) -> None:
    with scripted_registry(ScriptedRegistry({"GET /v2/app/manifests/v1": Told()})) as registry:
        assert make_builder("local").exists(f"{registry.host}/app:v1").existence is Existence.EXISTS


def test_none_works(programs: Path) -> None:
    _program(programs, "docker", "echo 'Cannot connect to the Docker daemon at unix:///x' >&2; exit 1")
    with pytest.raises(NotReadyError) as refused:
        make_builder("local").prepare(BuildRequest(ImagePlan("app:v1")))
    assert "docker reaches no daemon: Cannot connect to the Docker daemon at unix:///x" in refused.value.message
    assert "podman is not on the PATH" in refused.value.message
    assert "--emit-dockerfile" in refused.value.hint


def test_docker_without_buildx(programs: Path) -> None:
    version = '{"Server": {"Os": "linux", "Arch": "amd64"}}'
    _program(programs, "docker", f"""[ "$1" = version ] && echo '{version}' && exit 0; exit 1""")
    with pytest.raises(NotReadyError, match="has no buildx"):
        make_builder("docker").build(BuildRequest(ImagePlan("app:v1")))


def test_podman_where_there_is_no_docker(programs: Path) -> None:
    _program(
        programs, "podman", '[ "$1" = info ] && echo linux/amd64 && exit 0; echo "Error: no such image" >&2; exit 1'
    )
    answer = make_builder("local").exists("app:v1")
    assert (answer.existence, answer.message) == (Existence.ABSENT, "the image store of podman has no app:v1")
