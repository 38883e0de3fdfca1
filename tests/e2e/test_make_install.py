"""`make install` and `make uninstall`, into a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.shells import needs_program

REPOSITORY = Path(__file__).parents[2]
PARTS = (
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "README.md",
    "LICENSE",
    "flyte",
    "flytectl_py",
    "man",
    "completions",
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the source, since building leaves files beside it."""
    folder = tmp_path / "source"
    folder.mkdir()
    for part in PARTS:
        there = REPOSITORY / part
        if there.is_dir():
            shutil.copytree(there, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(there, folder / part)
    return folder


def make(source: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [needs_program("make"), "-s", *words],
        cwd=source,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def files_below(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if not each.is_dir())


def test_everything_is_put_where_it_is_looked_for_and_taken_away_again(source: Path, tmp_path: Path) -> None:
    staged, prefix = tmp_path / "staged", "/opt/tools"
    words = (f"PREFIX={prefix}", f"DESTDIR={staged}")
    done = make(source, "install", *words)
    assert done.returncode == 0, done.stderr
    below = staged / prefix.strip("/")
    there = [each for each in files_below(below) if not each.startswith("lib/")]
    pages = [f"share/man/man1/{each.name}" for each in (REPOSITORY / "man").iterdir()]
    assert there == sorted(
        [
            "bin/a0",
            "bin/flyte",
            "share/bash-completion/completions/flyte",
            "share/fish/vendor_completions.d/flyte.fish",
            "share/zsh/site-functions/_flyte",
            *pages,
        ]
    )
    # Nothing that runs knows the folder that it was put into on the way.
    house = below / "lib/flytectl-py"
    assert (house / "bin/flyte").read_text().startswith(f"#!{prefix}/lib/flytectl-py/bin/python")
    assert str(staged) not in (house / "pyvenv.cfg").read_text()
    said = subprocess.run(
        [house / "bin/python", house / "bin/flyte", "--version"], capture_output=True, text=True, check=False
    )
    assert said.stdout.startswith("flyte "), said.stderr
    (below / "bin" / "other").write_text("")
    assert make(source, "uninstall", *words).returncode == 0
    assert files_below(below) == ["bin/other"]
    assert not house.exists()


def test_a_command_of_another_is_never_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "flyte").write_text("mine")
    refused = make(source, "install", f"PREFIX={tmp_path}")
    assert refused.returncode != 0
    assert "is not of make install" in refused.stderr
    assert make(source, "uninstall", f"PREFIX={tmp_path}").returncode == 0
    assert (tmp_path / "bin" / "flyte").read_text() == "mine"
