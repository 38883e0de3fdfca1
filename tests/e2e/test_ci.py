"""What `CI=true`, `--no-progress` and `--quiet` change, on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flytectl_py.cli.app import COMMANDS
from tests.support.docker.parts import DockerParts
from tests.support.project import Extra, Project
from tests.support.terminal import left_on_screen

MakeProject = Callable[..., Project]

APP = """
import time
import flyte

env = flyte.TaskEnvironment(name="app", cache="auto")

@env.task
def slow(x: int) -> int:
    time.sleep(0.8)
    return x

@env.task(report=True)
def main(x: int = 1) -> int:
    import flyte.report

    flyte.report.log("seen")
    return slow(x)

@env.task
def fails() -> int:
    raise ValueError("no")
"""


@pytest.fixture
def app(project: MakeProject) -> Project:
    made: Project = project({"app.py": APP, "helper.py": "", "data.csv": "1"})
    return made


def on_terminal(app: Project, *words: str, code: int = 0, env: Extra) -> str:
    with app.flyte_on_terminal(*words, env=env) as terminal:
        return terminal.finish(120).expect(code).out


def test_a_terminal_of_ci_gets_plain_lines(app: Project) -> None:
    plain = on_terminal(app, "run", "app.py", "main", env={"CI": "true"})
    assert plain.endswith("1\n")
    assert not any(mark in plain for mark in ("\x1b", "\r", "running"))
    drawn = on_terminal(app, "run", "app.py", "main", "--x", "2", env={"CI": "false"})
    assert "\x1b" in drawn
    assert "running" in drawn


def test_lines_can_be_asked_for(app: Project) -> None:
    said = on_terminal(app, "run", "--progress", "--overwrite-cache", "app.py", "main", env={"CI": "1"})
    assert "\x1b" not in said
    assert "\r" not in said


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, True),
        ({"CI": "true"}, False),
        ({"CI": "true", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour(app: Project, env: dict[str, str], coloured: bool) -> None:
    said = on_terminal(app, "run", "--no-progress", "app.py", "fails", code=1, env=env)
    assert ("\x1b[1;31merror:\x1b[0m app.fails failed: ValueError: no" in said) == coloured
    assert ("\x1b" in said) == coloured


def test_a_pipe_has_colour_only_where_it_was_asked_for(app: Project) -> None:
    assert "\x1b" not in app.flyte("run", "app.py", "fails").expect(1).err
    assert "\x1b[1;31merror:" in app.flyte("run", "app.py", "fails", env={"FORCE_COLOR": "1"}).expect(1).err
    told = app.flyte("run", "app.py", "fails", "--json", env={"FORCE_COLOR": "1"}).expect(1)
    assert told.json["error"]["message"] == "app.fails failed: ValueError: no"


def test_no_browser_opens_in_ci(app: Project) -> None:
    browser = f"sh -c 'echo %s > {app.path}/opened.txt'"
    done = app.flyte("run", "--open", "app.py", "main", env={"CI": "true", "BROWSER": browser}).expect()
    assert "no browser can be opened here; open file://" in done.err
    assert not (app.path / "opened.txt").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_both_options_before_and_after_its_name(app: Project, name: str) -> None:
    """An option that a command does not know ends it with exit code 2, which names the option."""
    for option in ("--no-progress", "--quiet"):
        for words in ((option, name, "--help"), (name, option, "--help")):
            app.flyte(*words).expect()


QUIET = [
    ("run", "app.py", "main", "--overwrite-cache"),
    ("run", "app.py", "main", "--dry-run"),
    ("bundle", "app.py"),
    ("bundle", "ls", "app.py"),
    ("build", "app.py", "--dry-run"),
    ("deploy", "app.py", "--dry-run"),
    ("explain", "image", "app.py"),
    ("explain", "cache", "app.py", "main"),
    ("get", "run", "first"),
    ("rerun", "first"),
    ("config", "show"),
    ("gc", "--dry-run"),
    ("status",),
]


def test_quiet_leaves_the_result_alone(app: Project) -> None:
    noted = app.flyte("run", "--name", "first", "app.py", "main").expect()
    assert "flyte: report:" in noted.err
    home = {"FLYTE_MACHINE_HOME": str(app.path / "machine")}
    for words in QUIET:
        for place in (("--quiet", *words), (words[0], "-q", *words[1:])):
            done = app.flyte(*place, env=home).expect()
            assert done.err == "", done
            assert done.out or words[0] == "gc", done


@pytest.mark.docker
def test_a_build_is_drawn_said_or_silent(project: MakeProject, docker: DockerParts) -> None:
    app = project()
    around = {"FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry, **docker.environment}

    def built(*options: str, **env: str) -> str:
        """Build an image that nobody has built, on a terminal."""
        repository = docker.repository()
        app.write({"app.py": IMAGE.format(unique=repository)})
        words = ("build", *options, "--platform", "linux/amd64", "--registry", repository, "app.py")
        return on_terminal(app, *words, env={**around, **env})

    for said in (built("--no-progress"), built(CI="true")):
        assert "RUN echo" in said
        assert "\x1b" not in said
        assert "\r" not in said
    quiet = built("--quiet")
    assert len(left_on_screen(quiet)) == 1, quiet


IMAGE = """
import flyte

image = flyte.Image.from_debian_base(install_flyte=False).with_commands(["echo {unique}"])
env = flyte.TaskEnvironment(name="app", image=image)
"""
