"""`flyte run --engine process` and `docker`: a control plane for one run, with what a cluster would be sent."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.docker.base_image import BASE
from tests.support.docker.parts import DockerParts
from tests.support.process import SCRIPTS
from tests.support.project import Project
from tests.unit.builders.test_environment import wheel

APP = """
import os

import flyte

env = flyte.TaskEnvironment("app", image={image}, env_vars={{"LEVEL": "info"}}, secrets=flyte.Secret("token"))


@env.task
def child(x: int) -> int:
    print("child", x, os.environ["LEVEL"])
    return x * 2


@env.task
def main(n: int) -> str:
    print("main was here")
    return f"{{sum(child(i) for i in range(n))}} {{os.environ['TOKEN']}} {{flyte.ctx().mode}}"


@env.task
def bad() -> None:
    raise ValueError("no such thing")


@env.task
def needs(name: str) -> str:
    return __import__(name).version
"""
PYPROJECT = "[project]\nname = 'app'\nversion = '0'\n"
GIVEN = "'python:3.12'"


def _app(project: Callable[..., Project], image: str = GIVEN) -> Project:
    return project(
        {"app.py": APP.format(image=image), "pyproject.toml": PYPROJECT, ".flyte/secrets/token": "opensesame\n"}
    )


def test_a_run_in_processes_returns_what_a_local_run_returns(project: Callable[..., Project]) -> None:
    app = _app(project)
    done = app.flyte("run", "--engine", "process", "app.py", "main", "--n", "3", "--json").expect()
    assert done.json["outputs"] == {"o0": "6 opensesame remote"}
    assert (done.json["task"], done.json["phase"]) == ("app.main", "succeeded")
    assert "main was here" in done.err
    local = app.flyte("run", "--engine", "local", "app.py", "main", "--n", "3").expect()
    assert local.out.splitlines()[-1] == "6 opensesame local"
    assert "no engine ''" in app.flyte("run", "--engine", "", "app.py", "main", "--n", "3").expect(2).err


def test_what_fails_there_fails_here(project: Callable[..., Project]) -> None:
    done = _app(project).flyte("run", "--engine", "process", "app.py", "bad").expect(1)
    assert done.err.endswith("error: app.bad failed: ValueError: no such thing\n  at app.py:22\n")
    assert (done.out + done.err).count("Traceback") == 1


def test_a_parent_takes_the_failure_of_a_child_for_what_it_was(project: Callable[..., Project]) -> None:
    source = f"""
import flyte
import flyte.errors

env = flyte.TaskEnvironment("app", image={GIVEN})


@env.task(retries=3)
def child(x: int) -> int:
    raise flyte.errors.NonRecoverableError("the table is empty")


@env.task
def main() -> str:
    try:
        return str(child(1))
    except flyte.errors.NonRecoverableError as error:
        return f"gave up: {{error}}"
"""
    app = project({"app.py": source, "pyproject.toml": PYPROJECT})
    for engine in ("local", "process"):
        done = app.flyte("run", "--engine", engine, "app.py", "main").expect()
        assert done.out.splitlines()[-1] == "gave up: the table is empty", engine


def test_a_file_that_does_not_travel_is_missing_there(project: Callable[..., Project]) -> None:
    app = _app(project)
    app.write({"notes.txt": "here", "app.py": APP.format(image=GIVEN).replace("main was here", "{open('notes.txt')}")})
    app.write({"app.py": (app.path / "app.py").read_text().replace('print("{open', 'print(f"{open')})
    app.flyte("run", "--engine", "local", "app.py", "main", "--n", "0").expect()
    done = app.flyte("run", "--engine", "process", "app.py", "main", "--n", "0").expect(1)
    assert "notes.txt" in done.err


def test_the_environment_of_an_image_has_its_packages(project: Callable[..., Project], tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "salad", "1.5")
    image = (
        "flyte.Image.from_debian_base(install_flyte=False).with_apt_packages('git')"
        f".with_pip_packages('salad', extra_args='--no-index --find-links {tmp_path / 'wheels'}')"
    )
    app = _app(project, image)
    for _ in range(2):  # made, and found
        done = app.flyte("run", "--engine", "process", "app.py", "needs", "--name", "salad").expect()
        assert done.out.splitlines()[-1] == "1.5"
        assert "with_apt_packages: not installed: git" in done.err


def test_an_engine_that_there_is_not(project: Callable[..., Project]) -> None:
    done = _app(project).flyte("run", "--engine", "docke", "app.py", "main", "--n", "1").expect(2)
    assert "did you mean 'docker'?" in done.err
    both = _app(project).flyte("run", "--local", "--engine", "docker", "app.py", "main", "--n", "1").expect(2)
    assert "--engine docker" in both.err


def test_docker_that_is_not_there_is_said(project: Callable[..., Project]) -> None:
    nowhere: dict[str, str | None] = {"DOCKER_HOST": "unix:///nowhere.sock"}
    done = _app(project).flyte("run", "--engine", "docker", "app.py", "main", "--n", "1", env=nowhere).expect(3)
    assert "docker" in done.err.lower()


@pytest.mark.docker
def test_a_run_in_containers_returns_what_a_local_run_returns(
    project: Callable[..., Project], docker: DockerParts, around_docker: dict[str, str | None], tmp_path: Path
) -> None:
    around = {**around_docker, "TMPDIR": str(tmp_path)}
    app = _app(project, "flyte.Image.from_debian_base().with_env_vars({'IN': 'image'})")
    words = ("run", "--engine", "docker", "app.py", "main", "--n", "3", "--json")
    done = app.flyte(*words, env=around, timeout=300).expect()
    assert done.json["outputs"] == {"o0": "6 opensesame remote"}
    assert "main was here" in done.err
    label = "flytectl-py.home"
    homes = docker.run("ps", "--all", "--filter", f"label={label}", "--format", f'{{{{.Label "{label}"}}}}')
    assert str(tmp_path) not in homes


OTHERS = """
import getpass, os
import flyte

image = flyte.Image.from_base("{base}").with_local_v2()
root = flyte.TaskEnvironment("root", image=image.clone(name="root").with_env_vars({{"WHO": "root"}}))
app = flyte.TaskEnvironment("app", image=image.with_env_vars({{"WHO": "app"}}), depends_on=[root])

@root.task
def child(x: int) -> str:
    return f"{{x + 1}} {{os.environ['WHO']}}"

@app.task
def main(x: int, f: flyte.io.File) -> str:
    with f.open_sync("r") as content:
        return f"{{child(x)}} {{content.read()}} {{getpass.getuser()}}"
"""


@pytest.mark.docker
def test_an_image_runs_as_its_own_user(
    project: Callable[..., Project], docker: DockerParts, around_docker: dict[str, str | None], tmp_path: Path
) -> None:
    base = f"{docker.repository()}/base:1"
    (tmp_path / "Dockerfile").write_text(
        f"FROM {docker.base_registry}/{BASE}\nRUN useradd --create-home app\nUSER app\nWORKDIR /home/app\n"
    )
    docker.run("buildx", "build", "--push", "--provenance=false", "-t", base, str(tmp_path))
    app = project({"app.py": OTHERS.format(base=base), "data.txt": "data"})
    words = ("run", "--engine", "docker", "app.py", "main", "--x", "1", "--f", "data.txt", "--json")
    done = app.flyte(*words, env=around_docker, timeout=600).expect()
    assert done.json["outputs"] == {"o0": "2 root data app"}
    data = app.path / ".flyte" / "state" / "docker"
    made = [each.stat() for each in data.rglob("*") if each.is_dir() and each.stat().st_uid]
    assert made  # by the user of the image, and open to the group of whoever runs the command
    assert {(each.st_gid, stat.S_IMODE(each.st_mode) & stat.S_IWGRP) for each in made} == {(os.getgid(), stat.S_IWGRP)}


COMMANDS = """
import flyte
from flyte.extras import ContainerTask
from flyte.io import File

greet = ContainerTask(
    "greet",
    "{image}",
    ["/bin/sh", "-c", "cp /var/inputs/f /var/outputs/out; echo 'hello {{{{.inputs.name}}}}' > /var/outputs/said;"
     "expr {{{{.inputs.n}}}} + 1 > /var/outputs/k"],
    inputs={{"name": str, "n": int, "f": File}},
    outputs={{"said": str, "out": File, "k": int}},
)
empty = ContainerTask("empty", "{image}", ["true"], outputs={{"said": str}})
both = flyte.TaskEnvironment.from_task("commands", greet, empty)
env = flyte.TaskEnvironment("main", depends_on=[both])


@env.task
async def main(name: str, f: File) -> str:
    said, out, k = await greet(name=name, n=41, f=f)
    return f"{{said}}, {{k}}: {{open(out.path.removeprefix('file://')).read()}}"
"""


@pytest.mark.docker
def test_a_command_in_a_container_is_a_task(
    project: Callable[..., Project], docker: DockerParts, around_docker: dict[str, str | None]
) -> None:
    source = COMMANDS.format(image=f"{docker.base_registry}/{BASE}")
    app = project({"app.py": source, "pyproject.toml": PYPROJECT, "data.txt": "content"})
    words = ("--name", "you", "--f", "data.txt")
    done = app.flyte("run", "--engine", "docker", "app.py", "main", *words, env=around_docker, timeout=300).expect()
    assert done.out.splitlines()[-1] == "hello you, 42: content"
    empty = app.flyte("run", "--engine", "docker", "app.py", "empty", env=around_docker).expect(1)
    assert "left no output 'said'" in empty.err
    process = app.flyte("run", "--engine", "process", "app.py", "empty").expect(1)
    assert "--engine docker" in process.err


@pytest.mark.docker
def test_a_plain_call_of_a_command_runs_its_container(project: Callable[..., Project], docker: DockerParts) -> None:
    source = (
        COMMANDS.format(image=f"{docker.base_registry}/{BASE}")
        + """
fails = ContainerTask("fails", greet.image, ["sh", "-c", "echo nothing to do; exit 3"])
told = ContainerTask(
    "told", greet.image, ["sh", "-c", 'echo "$LEVEL $TOKEN" > /out/said'], outputs={"said": str},
    output_data_dir="/out", env_vars={"LEVEL": "info"}, secrets="token",
    resources=flyte.Resources(cpu=1, memory="64Mi"),
)
others = flyte.TaskEnvironment.from_task("others", fails)
secret = flyte.TaskEnvironment.from_task("secret", told)
"""
    )
    app = project({"app.py": source, "data.txt": "content"})
    words = ("--name", "you", "--f", "data.txt")
    done = app.flyte("run", "app.py", "main", *words, env=docker.environment, timeout=300).expect()
    assert done.out.splitlines()[-1] == "hello you, 42: content"
    empty = app.flyte("run", "app.py", "empty", env=docker.environment).expect(1)
    assert "left no output 'said'" in empty.err
    fails = app.flyte("run", "--json", "app.py", "fails", env=docker.environment).expect(1)
    assert "exit code 3: nothing to do" in fails.json["error"]["message"]
    told = app.flyte("run", "app.py", "told", env={**docker.environment, "TOKEN": "xyz"}).expect()
    assert told.out.splitlines()[-1] == "info xyz"
    absent = app.flyte("run", "app.py", "empty", env={"PATH": str(SCRIPTS)}).expect(3)
    assert "no program 'docker'" in absent.err
