"""The README is true: its program runs, its commands do what it says, and its two make targets set everything up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.docs import TOP, Command, Page, run_command, says
from tests.support.picture import PICTURE, drawn, session
from tests.support.project import Project

PAGE = Page("README.md")
FIRST_RUN = Page("docs/first-run.md")
PROGRAM = {"hello.py": PAGE.files()["hello.py"]}
CONSOLE = [each for each in PAGE.commands() if each.shown is not None]
SHELL = [each.text for each in PAGE.commands() if each.shown is None]
COMMANDS = [line for line in SHELL if line.startswith("flyte")]

MakeProject = Callable[..., Project]


def test_there_is_something_to_test() -> None:
    assert len(CONSOLE) == 3
    assert len(COMMANDS) == 8
    assert [line for line in SHELL if line not in COMMANDS] == ["make demo", "make test"]


@pytest.mark.parametrize("command", CONSOLE)
def test_what_the_readme_shows_is_what_happens(project: MakeProject, command: Command) -> None:
    made = project(PROGRAM)
    done = run_command(made, command.text)
    assert says(command.shown or "", done.out, made), done


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_works(project: MakeProject, command: str) -> None:
    made = project(PROGRAM)
    if command == "flyte get run":
        made.flyte("run", "hello.py", "main", "--n", "1").expect()
    assert run_command(made, command).expect().out


def test_the_picture_is_of_what_a_terminal_shows_now(tmp_path: Path) -> None:
    assert drawn(session(tmp_path)) == PICTURE.read_text(encoding="utf-8"), "make picture draws it anew"


def test_the_python_of_the_first_run_works(project: MakeProject) -> None:
    (program,) = (block.text for block in FIRST_RUN.blocks("python") if block.text.startswith("run ="))
    made = project({**FIRST_RUN.files(), "script.py": f"from hello import *\n{program}print(run.outputs().o0)\n"})
    assert made.python("script.py").expect().out == "doubled: [0, 2, 4, 6, 8]\n"


def test_the_exit_codes_of_the_readme_are_those_of_the_code() -> None:
    from flytectl_py import errors

    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.text, re.MULTILINE)]
    known = {errors.WORK_FAILED, errors.USAGE, errors.NOT_READY, errors.CONFLICT, errors.INTERRUPTED}
    assert codes == [0, *sorted(known)]


def test_make_demo_sets_up_a_fresh_copy_and_runs_the_example(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = tmp_path / "a fresh copy"
    for name in listed.stdout.splitlines():
        if (TOP / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(TOP / name, copy / name)
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home)}
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VENV", "PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    done = subprocess.run(
        ["make", "demo"], cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "42"
