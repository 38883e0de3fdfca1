"""Docker, else Podman: which of them is found out only when something must be built."""

from __future__ import annotations

from dataclasses import replace
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


PODMAN = """\
PATH=/usr/bin:/bin
case "$1 $2" in
    info*) echo linux/amd64 ;;
    "image inspect") cat "@FOLDER@/user" || { echo "no such image" >&2; exit 1; } ;;
    build*) echo "$@" > "@FOLDER@/called"; cat > /dev/null ;;
esac
"""


@pytest.mark.parametrize(
    ("user", "is_handed", "is_said"),
    [
        ("app:staff\n", ["--build-arg=FLYTE_BASE_USER=app:staff"], ()),
        ("\n", [], ()),
        (None, [], ("it runs as root: nobody says as whom its base @HOST@/base:1 does: @HOST@/base has no image 1",)),
    ],
)
def test_the_build_is_told_as_whom_the_base_runs(
    programs: Path, tmp_path: Path, user: str | None, is_handed: list[str], is_said: tuple[str, ...]
) -> None:
    _program(programs, "podman", PODMAN.replace("@FOLDER@", str(tmp_path)))
    if user is not None:
        (tmp_path / "user").write_text(user)
    with scripted_registry(ScriptedRegistry({"GET /v2/base/tags/list": Told(200, {"tags": ["2"]})})) as registry:
        plan = ImagePlan(
            "app:v1",
            base=f"{registry.host}/base:1",
            platforms=("linux/amd64",),
            dockerfile=f"FROM {registry.host}/base:1\nUSER 0\nARG FLYTE_BASE_USER=0\n",
            restores_user=True,
        )
        result = make_builder("podman").build(BuildRequest(plan))
        assert result.notes == tuple(each.replace("@HOST@", registry.host) for each in is_said)
        called = (tmp_path / "called").read_text().split()
        assert [each for each in called if each.startswith("--build-arg")] == is_handed
        # Nobody is asked where nothing depends on it.
        assert make_builder("podman").build(BuildRequest(replace(plan, restores_user=False))).notes == ()
        assert "--build-arg" not in (tmp_path / "called").read_text()
