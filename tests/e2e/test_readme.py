"""The README is true: its program runs, its commands do what it says, and its two make targets set everything up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")

MakeProject = Callable[..., Project]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


HELLO, FROM_PYTHON = blocks("python")
CONSOLE = re.findall(r"^\$ (flyte .*)\n((?:(?!\$ ).*\n)*)", blocks("console")[0], re.MULTILINE)
SHELL = [line.partition("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
COMMANDS = [line for line in SHELL if "flyte" in line]
MAKE = [line for line in SHELL if line.startswith("make")]


def run_line(made: Project, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line],
        cwd=made.path,
        env=made.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def masked(text: str) -> str:
    return re.sub(r'"run": "r[0-9a-f]+…?"|"seconds": [0-9.e-]+', "…", text)


def test_there_is_something_to_test() -> None:
    assert len(CONSOLE) == 3
    assert len(COMMANDS) == 12
    assert MAKE == ["make demo", "make test"]


@pytest.mark.parametrize(("command", "shown"), CONSOLE)
def test_what_the_readme_shows_is_what_happens(project: MakeProject, command: str, shown: str) -> None:
    done = run_line(project({"hello.py": HELLO}), command)
    assert masked(done.stdout + done.stderr) == masked(shown)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_works(project: MakeProject, command: str) -> None:
    done = run_line(project({"hello.py": HELLO}), command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_python_of_the_readme_works(project: MakeProject) -> None:
    made = project(
        {"hello.py": HELLO, "script.py": "from hello import *\n" + FROM_PYTHON + "print(run.outputs().o0)\n"}
    )
    assert made.python("script.py").expect().out == "doubled: [0, 2, 4, 6, 8]\n"


def test_the_exit_codes_of_the_readme_are_those_of_the_code() -> None:
    from flytectl_py import errors

    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)]
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
