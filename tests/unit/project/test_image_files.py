"""The files of an image on a real disk: where they are looked for, and what is left out."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from flytectl_py import __version__
from flytectl_py.errors import UsageError
from flytectl_py.plan.image import ContextFile
from flytectl_py.project.image_files import ImageFiles
from flytectl_py.project.own_wheel import is_release, own_distribution, own_wheel
from flytectl_py.storage.hashing import hash_files


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def files(*folders: Path) -> ImageFiles:
    return ImageFiles([str(each) for each in folders], lambda root, paths: hash_files(root, paths))


def paths(found: tuple[ContextFile, ...]) -> list[str]:
    return [each.path for each in found]


def test_a_relative_path_counts_from_the_first_folder_that_has_it(tmp_path: Path) -> None:
    write(tmp_path, "one/a", "two/a", "two/b")
    sources = files(tmp_path / "one", tmp_path / "two")
    assert sources.absolute("a") == str(tmp_path / "one/a")
    assert sources.absolute("b") == str(tmp_path / "two/b")
    assert sources.absolute("none") == str(tmp_path / "one/none")
    assert sources.is_file("b")
    assert not sources.is_dir("b")
    assert sources.content("../one/a") == b"one/a"


def test_a_file_is_hashed_under_its_own_name(tmp_path: Path) -> None:
    write(tmp_path, "d/run.sh")
    (tmp_path / "d/run.sh").chmod(0o700)
    found = files(tmp_path).file("d/run.sh")
    assert found == ContextFile("run.sh", True, 8, hashlib.sha256(b"d/run.sh").hexdigest(), str(tmp_path / "d/run.sh"))
    with pytest.raises(UsageError, match="cannot be read"):
        files(tmp_path).content("none")


def test_what_a_folder_leaves_out_by_itself(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "a/b.py", "a/b.pyc", "__pycache__/app.pyc", ".git/HEAD", ".venv/x", "x.egg-info/PKG-INFO")
    write(tmp_path, ".dockerignore", ".flyteignore", ".env.example")
    for name in (".dockerignore", ".flyteignore"):
        (tmp_path / name).write_text("")
    assert paths(files(tmp_path).folder(".")) == [".env.example", "a/b.py", "app.py"]


def test_a_named_folder_takes_what_git_ignores_and_a_project_does_not(tmp_path: Path) -> None:
    write(tmp_path, "built.so", "app.py", "notes.txt", "sub/x.so")
    (tmp_path / ".gitignore").write_text("*.so\n")
    (tmp_path / ".flyteignore").write_text("notes.txt\n")
    assert paths(files(tmp_path).folder(".")) == [".gitignore", "app.py", "built.so", "sub/x.so"]
    assert paths(files(tmp_path).folder(".", git=True)) == [".gitignore", "app.py"]


def test_docker_ignore_files_of_the_folder_and_of_the_declaration_add_up(tmp_path: Path) -> None:
    write(tmp_path, "src/app.py", "src/a.log", "src/d/b.log", "src/c.tmp")
    (tmp_path / "src/.dockerignore").write_text("*.tmp\n")
    (tmp_path / "extra").write_text("**/*.log\n!d/b.log\n")
    assert paths(files(tmp_path).folder("src", ignore_files=("extra",))) == ["app.py", "d/b.log"]
    (tmp_path / "extra").write_text("[\n")
    with pytest.raises(UsageError, match="extra cannot be understood: line 1"):
        files(tmp_path).folder("src", ignore_files=("extra",))


def test_the_folder_of_a_dockerfile_is_taken_as_docker_takes_it(tmp_path: Path) -> None:
    write(tmp_path, ".git/HEAD", "app.pyc", "a.log", "b.tmp")
    (tmp_path / ".dockerignore").write_text("*.log\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("*.tmp\n")
    assert paths(files(tmp_path).folder(".", everything=True)) == [
        ".dockerignore", ".git/HEAD", "Dockerfile.dockerignore", "app.pyc", "b.tmp"
    ]  # fmt: skip
    own = files(tmp_path).folder(".", everything=True, ignore_files=("Dockerfile.dockerignore",))
    assert "a.log" in paths(own)
    assert "b.tmp" not in paths(own)


def test_nothing_about_a_file_but_itself_counts(tmp_path: Path) -> None:
    write(tmp_path, "a/x", "b/x")
    (tmp_path / "b/x").write_text("a/x")
    os.utime(tmp_path / "b/x", (1, 1))
    (tmp_path / "b/x").chmod(0o640)
    one, other = files(tmp_path).file("a/x"), files(tmp_path).file("b/x")
    assert replace(one, location="") == replace(other, location="")


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert files(tmp_path).folder(".") == ()


# --- this project


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.0", True), ("1.0.0rc1", True), ("1.0.post2", True), ("1.0.dev0", False), ("1.0+local", False), ("x", False)],
)
def test_which_versions_an_index_may_have(version: str, expected: bool) -> None:
    assert is_release(version) is expected


def test_what_is_installed_from_a_folder_is_no_release() -> None:
    assert own_distribution().version == __version__
    assert not own_distribution().released


def test_the_wheel_is_complete_and_always_the_same() -> None:
    wheel = own_wheel()
    assert wheel.path == f"flytectl_py-{__version__}-py3-none-any.whl"
    assert wheel == own_wheel()
    assert wheel.content is not None
    with zipfile.ZipFile(BytesIO(wheel.content)) as archive:
        names = archive.namelist()
        folder = f"flytectl_py-{__version__}.dist-info"
        record = archive.read(f"{folder}/RECORD").decode()
        assert archive.testzip() is None
        assert b"flyte = flytectl_py.cli.start:main" in archive.read(f"{folder}/entry_points.txt")
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {"flyte/__init__.py", "flytectl_py/cli/start.py", "flyte/py.typed", f"{folder}/METADATA"} <= set(names)
    assert not [each for each in names if "__pycache__" in each or "direct_url" in each]
    assert [line.split(",")[0] for line in record.splitlines()] == names
