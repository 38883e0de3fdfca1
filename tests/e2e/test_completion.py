"""Completion in real shells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flytectl_py.cli.completion_scripts import FILES, SCRIPTS
from tests.support.project import Project
from tests.support.shells import Shell

MakeProject = Callable[..., Project]

APP = '''
from __future__ import annotations

import enum
from typing import Literal

import flyte
from flyte.io import File

open("imported", "w").close()

env = flyte.TaskEnvironment(name="etl")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@env.task
def main(how: Literal["fast", "slow way"], color: Color, data: File, loud: bool = False) -> int:
    """Do it."""
    return 1


@env.task
def second(x_y: int) -> int:
    return x_y
'''

FILES_OF_PROJECT = {
    "app.py": APP,
    "my app.py": APP,
    "ünï.py": APP,
    "a:b.py": APP,
    "broken.py": "import flyte\n(\n",
    "notes.txt": "",
    "sub/inner.py": APP,
}
SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, project: MakeProject, tmp_path: Path) -> Iterator[Shell]:
    name = request.param
    made = project(FILES_OF_PROJECT)
    script = tmp_path / "scripts" / FILES[name]
    script.parent.mkdir()
    script.write_text(SCRIPTS[name])
    with Shell(name, script, cwd=made.path, env=made.environment({"COLUMNS": None})) as started:
        yield started


def test_a_shell_completes_what_is_typed(shell: Shell) -> None:
    for line, words in (
        ("flyte des", ["flyte", "des"]),
        ("flyte depl", ["flyte", "deploy"]),
        ("flyte bundle extr", ["flyte", "bundle", "extract"]),
        ("flyte run --eng", ["flyte", "run", "--engine"]),
        ("flyte run --engine dock", ["flyte", "run", "--engine", "docker"]),
        ("flyte run --engine=dock", ["flyte", "run", "--engine=docker"]),
        ("flyte run my", ["flyte", "run", "my app.py"]),
        ("flyte run 'my", ["flyte", "run", "my app.py"]),
        ('flyte run "my', ["flyte", "run", "my app.py"]),
        ("flyte run ün", ["flyte", "run", "ünï.py"]),
        ("flyte run a:", ["flyte", "run", "a:b.py"]),
        ("flyte run sub/in", ["flyte", "run", "sub/inner.py"]),
        ("flyte --config=not", ["flyte", "--config=notes.txt"]),
        ("flyte run my\\ app.py sec", ["flyte", "run", "my app.py", "second"]),
        ("flyte run app.py main --col", ["flyte", "run", "app.py", "main", "--color"]),
        ("flyte run app.py main --color B", ["flyte", "run", "app.py", "main", "--color", "BLUE"]),
        ("flyte run app.py main --color=B", ["flyte", "run", "app.py", "main", "--color=BLUE"]),
        ("flyte run app.py main --how slow", ["flyte", "run", "app.py", "main", "--how", "slow way"]),
        ("flyte run app.py second --x", ["flyte", "run", "app.py", "second", "--x-y"]),
        ("flyte deploy app.py et", ["flyte", "deploy", "app.py", "etl"]),
        ("flyte run broken.py ma", ["flyte", "run", "broken.py", "ma"]),
        ("flyte run no-such.py ma", ["flyte", "run", "no-such.py", "ma"]),
    ):
        assert shell.completed(line) == words, line
    screen = shell.offered("flyte run app.py main --c", "--copy-style")
    assert "--color" in screen
    for word in ("rror", "Traceback", "not found"):
        assert word not in screen


def test_no_code_of_the_user_runs(project: MakeProject) -> None:
    made = project({"app.py": APP})
    for line in (
        "flyte run app.py ",
        "flyte run app.py main --",
        "flyte run app.py main --color ",
        "flyte build app.py ",
    ):
        said = made.flyte("_complete", "bash", line, ":=").expect()
        assert said.err == ""
        assert len(said.out.splitlines()) > 1
    assert not (made.path / "imported").exists()


@pytest.mark.parametrize("shell_name", SHELLS)
def test_whatever_the_line_holds_no_error_shows(project: MakeProject, shell_name: str) -> None:
    made = project(
        {"app.py": b"\xff\xfe\x00", "nul.py": "x = 1\0", "deep.py": "(" * 5000, "huge.py": "x = 1\n" * 400_000}
    )
    (made.path / "locked.py").write_text(APP)
    (made.path / "locked.py").chmod(0)
    os.mkfifo(made.path / "pipe.py")
    lines = [["app.py", ""], ["nul.py", ""], ["deep.py", ""], ["huge.py", ""], ["pipe.py", ""], ["locked.py", "m"]]
    for words in (
        *(["flyte", "run", *line] for line in lines),
        ["flyte", "nonsense", "x", ""],
        ["flyte", "get", "run", ""],
    ):
        arguments = [" ".join(words), ":="] if shell_name == "bash" else words
        said = made.flyte("_complete", shell_name, *arguments).expect()
        assert said.err == ""
    for odd in ([], ["bash"], ["zsh"], ["tcsh", "x"], ["bash", "flyte run 'a\\", ":"]):
        assert made.flyte("_complete", *odd).expect().err == ""


def test_runs_of_this_machine_are_offered(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "1").expect()
    asked = ("_complete", "bash")
    assert "first" in app.flyte(*asked, "flyte logs f", ":").expect().out.split()
    app.flyte("get", "run").expect()  # now it is in the database
    before = {each: each.stat().st_mtime_ns for each in (app.path / ".flyte").rglob("*")}
    for line in ("flyte get run ", "flyte logs ", "flyte rerun "):
        assert "first" in app.flyte(*asked, line, ":").expect().out.split()
    assert app.flyte(*asked, "flyte logs first ", ":").expect().out.split()[:2] == ["words", "a0"]
    assert "--title" in app.flyte(*asked, "flyte rerun first --", ":").expect().out.split()
    assert {each: each.stat().st_mtime_ns for each in (app.path / ".flyte").rglob("*")} == before
    (app.path / ".flyte" / "state" / "records" / "runs.sqlite").write_bytes(b"no database")
    assert app.flyte(*asked, "flyte get run ", ":").expect().err == ""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("flyte config get admin.endp", ["admin.endpoint"]),
        ("flyte config unset image.b", ["image.builder", "image.base_registry"]),
        ("flyte config get endp", ["endpoint"]),
        ("flyte config set insecure ", ["true", "false"]),
        ("flyte config set auth_type P", ["Pkce"]),
        ("flyte config set image.builder dock", ["docker", "dockerfile"]),
        ("flyte config set domain ", []),
        ("flyte config set nope ", []),
        ("flyte serialize fast ", ["workflows"]),
        ("flyte serialize fast workflows ", []),
        ("flyte run app.py second --x-y @no", ["@notes.txt"]),
        ("flyte run app.py second --x-y=@no", ["@notes.txt"]),
        ("flyte run app.py second --x-y no", []),
    ],
)
def test_words_that_have_a_list_of_their_own(project: MakeProject, line: str, offered: list[str]) -> None:
    made = project({"app.py": APP, "notes.txt": ""})
    assert made.flyte("_complete", "bash", line, "=").expect().out.split() == [
        "words",
        *offered,
    ]  # "=" cuts words in bash.
