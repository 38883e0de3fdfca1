"""Where the configuration file is looked for, and in which order."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.config.discovery import FILE_VARIABLES, find, git_top
from flytectl_py.errors import ConfigError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home")}


@pytest.mark.parametrize("variable", FILE_VARIABLES)
def test_a_variable_names_the_file(variable: str, tmp_path: Path, home: dict[str, str]) -> None:
    named = touch(tmp_path / "x.yaml")
    work = tmp_path / "work"
    work.mkdir()
    touch(tmp_path / "home/.flyte/config.yaml")
    assert find(start=work, environ={**home, variable: str(named)}) == named
    project = touch(work / ".flyte/config.yaml")
    assert find(start=work, environ={**home, variable: str(named)}) == (
        named if variable == "FLYTE_CONFIG" else project
    )
    with pytest.raises(ConfigError, match="no such file: /nope") as raised:
        find(start=tmp_path, environ={**home, variable: "/nope"})
    assert raised.value.where == variable
    assert variable in raised.value.hint


def test_variables_have_an_order(tmp_path: Path, home: dict[str, str]) -> None:
    first, second = touch(tmp_path / "1.yaml"), touch(tmp_path / "2.yaml")
    assert find(start=tmp_path, environ={**home, "UCTL_CONFIG": str(second), "FLYTE_CONFIG": str(first)}) == first
    assert find(start=tmp_path, environ={**home, "UCTL_CONFIG": str(first), "FLYTECTL_CONFIG": str(second)}) == first


def test_the_usual_suffix_comes_before_the_short_one(tmp_path: Path, home: dict[str, str]) -> None:
    yml = touch(tmp_path / ".flyte/config.yml")
    assert find(start=tmp_path, environ=home) == yml
    yaml = touch(tmp_path / ".flyte/config.yaml")
    assert find(start=tmp_path, environ=home) == yaml


@pytest.mark.parametrize("name", ["config.yaml", "config.yml"])
def test_two_kinds_in_one_place_are_refused(tmp_path: Path, home: dict[str, str], name: str) -> None:
    toml = touch(tmp_path / ".flyte/config.toml")
    assert find(start=tmp_path, environ=home) == toml
    yaml = touch(tmp_path / ".flyte" / name)
    with pytest.raises(ConfigError, match="two configurations") as raised:
        find(start=tmp_path, environ=home)
    assert str(toml) in raised.value.message
    assert str(yaml) in raised.value.message


@pytest.mark.parametrize("place", [".flyte", "home/.flyte"])
@pytest.mark.parametrize("name", ["config.toml", "config.yaml", "config.yml"])
def test_what_is_no_file_is_not_passed_over(tmp_path: Path, home: dict[str, str], name: str, place: str) -> None:
    path = tmp_path / place / name
    path.parent.mkdir(parents=True)
    makes: dict[str, Callable[[], None]] = {
        "a symbolic link that leads nowhere": lambda: path.symlink_to("gone.toml"),
        "a symbolic link that leads nowhere ": lambda: path.symlink_to(name),
        "no file": lambda: os.mkfifo(path),
    }
    for said, make in makes.items():
        make()
        with pytest.raises(ConfigError) as raised:
            find(start=tmp_path, environ=home)
        assert raised.value.message == f"{path} is {said.strip()}"
        assert raised.value.where == str(path)
        path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="is no file"):
        find(start=tmp_path, environ=home)


def test_parents_count_up_to_the_top_of_the_git_tree(tmp_path: Path, home: dict[str, str]) -> None:
    above = touch(tmp_path / ".flyte/config.yaml")
    work = tmp_path / "repo/a/b"
    work.mkdir(parents=True)
    assert find(start=work, environ=home) is None  # no git: only the folder itself
    touch(tmp_path / "repo/.git")
    assert find(start=work, environ=home) is None  # the file above the tree is not the project's
    at_top = touch(tmp_path / "repo/.flyte/config.yaml")
    assert find(start=work, environ=home) == at_top
    nearer = touch(tmp_path / "repo/a/.flyte/config.yaml")
    assert find(start=work, environ=home) == nearer
    assert find(start=tmp_path, environ=home) == above


def test_the_home_comes_last(tmp_path: Path, home: dict[str, str]) -> None:
    union = touch(tmp_path / "home/.union/config.yaml")
    assert find(start=tmp_path, environ=home) == union
    flyte = touch(tmp_path / "home/.flyte/config.yaml")
    assert find(start=tmp_path, environ=home) == flyte
    here = touch(tmp_path / ".flyte/config.yaml")
    assert find(start=tmp_path, environ=home) == here


def test_a_bare_config_file_counts_where_it_is_ours(tmp_path: Path, home: dict[str, str]) -> None:
    bare = touch(tmp_path / "config.yaml")
    bare.write_text("data:\n  admin: me\n")
    assert find(start=tmp_path, environ=home) is None
    touch(tmp_path / ".flyte/config.yaml")
    bare.write_text("# ours\nadmin:\n  endpoint: dns:///x\n")
    assert find(start=tmp_path, environ=home) == bare


def test_git_top(tmp_path: Path) -> None:
    inside = tmp_path / "repo/a"
    inside.mkdir(parents=True)
    assert git_top(inside) is None
    (tmp_path / "repo/.git").mkdir()
    assert git_top(inside) == tmp_path / "repo"
    (tmp_path / "repo/a/.git").write_text("gitdir: ../.git/modules/a\n")  # a submodule or a worktree
    assert git_top(inside) == inside
