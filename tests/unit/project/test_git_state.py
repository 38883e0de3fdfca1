"""The commit of a working tree, read from git's files, against what git says."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flytectl_py.project.git_state import ask_for_changes, commit_of

Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("1\n")
    _git(folder, "add", "a.py")
    return folder


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_commit_is_the_one_that_git_says(repository: Path, tmp_path: Path) -> None:
    assert commit_of(str(repository)) == ""
    _git(repository, "commit", "-qm", "first")
    (repository / "inside").mkdir()
    states = {"loose": [], "packed": ["pack-refs", "--all"], "detached": ["checkout", "-q", "--detach"]}
    for state, words in states.items():
        if words:
            _git(repository, *words)
        assert commit_of(str(repository / "inside")) == _git(repository, "rev-parse", "HEAD"), state
    _git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    (tmp_path / "other" / "b.py").write_text("2\n")
    _git(tmp_path / "other", "add", "b.py")
    _git(tmp_path / "other", "commit", "-qm", "second")
    assert commit_of(str(tmp_path / "other")) == _git(tmp_path / "other", "rev-parse", "HEAD")
    assert commit_of(str(tmp_path / "other")) != commit_of(str(repository))


def test_outside_git_there_is_none(tmp_path: Path) -> None:
    assert commit_of(str(tmp_path)) is None


def test_git_says_whether_something_changed(repository: Path, tmp_path: Path) -> None:
    _git(repository, "commit", "-qm", "first")
    assert _answer(repository, tmp_path / "clean") == ""
    (repository / "new.py").write_text("no part of it yet\n")
    assert _answer(repository, tmp_path / "new") == ""
    (repository / "a.py").write_text("changed\n")
    assert "a.py" in _answer(repository, tmp_path / "changed")


def _answer(folder: Path, file: Path) -> str:
    process = ask_for_changes(str(folder), str(file))
    assert process is not None
    os.waitpid(process, 0)
    for _ in range(200):
        if file.exists():
            return file.read_text()
        time.sleep(0.02)
    raise AssertionError("git has not answered")
