"""The builder that writes a folder: exactly what was hashed, whatever the machine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from flytectl_py.builders.api import BuildRequest, Existence
from flytectl_py.builders.context_folder import write_folder
from flytectl_py.builders.dockerfile import DockerfileBuilder
from flytectl_py.builders.registry import make_builder
from flytectl_py.errors import FileChangedError, NotReadyError, UnknownNameError, UsageError
from flytectl_py.model.secret import Secret
from flytectl_py.plan.image import BuildSecret, ContextFile, ImagePlan
from flytectl_py.plan.image_sources import made_file


def plan_of(folder: Path, text: str = "x") -> ImagePlan:
    (folder / "source.sh").write_text(text)
    file = ContextFile("1-a/run.sh", True, 1, made_file("", b"x").sha256, str(folder / "source.sh"))
    return ImagePlan(
        uri="r.io/x:1",
        tag="1",
        platforms=("linux/amd64",),
        dockerfile="FROM scratch\n",
        files=(file, made_file("made.txt", b"here")),
        secrets=(BuildSecret("tok.1", Secret("tok")),),
    )


def test_it_writes_what_was_hashed_with_modes_and_times_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    old = os.umask(0o077)
    try:
        result = DockerfileBuilder().build(BuildRequest(plan_of(tmp_path), output=str(out)))
    finally:
        os.umask(old)
    assert (result.state, result.uri, result.platforms) == ("written", "r.io/x:1", ("linux/amd64",))
    assert "--platform linux/amd64 --secret id=tok.1,env=TOK --tag r.io/x:1" in result.notes[0]
    assert (out / "Dockerfile").read_text() == "FROM scratch\n"
    run = (out / "1-a/run.sh").stat()
    assert (run.st_mode & 0o777, run.st_mtime) == (0o755, 315532800)
    assert (out / "made.txt").stat().st_mode & 0o777 == 0o644


def test_it_says_how_to_keep_the_user_of_a_base(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path), base="r.io/base:1", restores_user=True)
    result = DockerfileBuilder().build(BuildRequest(plan, output=str(tmp_path / "out")))
    said = "it runs as root, unless --build-arg FLYTE_BASE_USER=USER says as whom its base r.io/base:1 does"
    assert result.notes[1:] == (said,)


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileChangedError, match="changed meanwhile"):
        write_folder(plan_of(tmp_path, "y"), tmp_path / "out")
    (tmp_path / "source.sh").unlink()
    planned = plan_of(tmp_path)
    (tmp_path / "source.sh").unlink()
    with pytest.raises(FileChangedError, match="cannot be read any more"):
        write_folder(planned, tmp_path / "out2")


def test_a_folder_that_cannot_be_written_whole_is_left_as_it_was_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    plan = plan_of(tmp_path, "y")
    before = replace(plan, files=(made_file("0/first.txt", b"here"), *plan.files))
    for name in ("new", "empty"):
        with pytest.raises(FileChangedError):
            write_folder(before, tmp_path / name)
    assert not (tmp_path / "new").exists()
    assert os.listdir(tmp_path / "empty") == []


def test_a_folder_with_something_in_it_or_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not empty"):
        write_folder(plan_of(tmp_path), tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        write_folder(plan_of(tmp_path), tmp_path / "source.sh")


def test_a_dockerfile_of_the_users_is_written_under_its_name(tmp_path: Path) -> None:
    planned = replace(plan_of(tmp_path), dockerfile_path="Dockerfile.gpu")
    result = DockerfileBuilder().build(BuildRequest(planned, output=str(tmp_path / "out")))
    assert (tmp_path / "out/Dockerfile.gpu").is_file()
    assert f"--file {tmp_path / 'out' / 'Dockerfile.gpu'} " in result.notes[0]


def test_it_refuses_what_it_cannot_do_and_answers_for_nobody(tmp_path: Path) -> None:
    builder, planned = DockerfileBuilder(), plan_of(tmp_path)
    assert builder.refusals(BuildRequest(planned, output="x")) == []
    assert len(builder.refusals(BuildRequest(planned, push=True))) == 2
    assert builder.exists("r.io/x:1").existence is Existence.ABSENT
    assert builder.lacking() == ""


def test_builders_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert make_builder("dockerfile").name == "dockerfile"
    assert make_builder("docker").name == "docker"
    with pytest.raises(UnknownNameError, match="no builder 'dokcer'; known: local, docker") as raised:
        make_builder("dokcer")
    assert "did you mean 'docker'?" in raised.value.hint
    with pytest.raises(UsageError, match="is a service of a Flyte backend") as refused:
        make_builder("remote", where="config.yaml: image.builder")
    assert refused.value.where == "config.yaml: image.builder"
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "no builder of images works here: docker is not on the PATH; podman is not on the PATH"
    assert make_builder("local").lacking() == said


def test_builders_of_other_distributions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[flyte.plugins.image_builders]\nmine = flytectl_py.builders.dockerfile:DockerfileBuilder\n"
        "[flytectl_py.builders]\nbroken = no_such_module:Builder\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(make_builder("mine"), DockerfileBuilder)
    with pytest.raises(NotReadyError, match="the builder 'broken' cannot be loaded from no_such_module:Builder"):
        make_builder("broken")
