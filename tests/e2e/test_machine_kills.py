"""kill -9 of everything that has a part in a run on one machine, in processes and in containers: nothing runs twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.docker.parts import DockerParts
from tests.support.machine import Machine, alive, machine
from tests.support.process import FLYTE
from tests.support.project import Project

# What runs at the same time as another one of its name is seen by its lock, and what begins and ends by its marks.
APP = """
import asyncio
import fcntl
import os
import time

import flyte

env = flyte.TaskEnvironment("app", image="{image}", resources=flyte.Resources(cpu="100m"))


def mark(folder: str, text: str) -> None:
    with open(f"{{folder}}/marks", "a") as marks:
        marks.write(text + "\\n")


@env.task(retries=1)
def marked(folder: str, name: str, seconds: float) -> str:
    with open(f"{{folder}}/{{name}}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mark(folder, f"twice {{name}}")
        mark(folder, f"begin {{name}}")
        print("begun", name, flush=True)
        time.sleep(seconds)
        mark(folder, f"end {{name}}")
    return name


@env.task
async def parent(folder: str, seconds: float) -> str:
    return " ".join(await asyncio.gather(*(marked.aio(folder, f"child-{{x}}", seconds) for x in range(3))))
"""
PYPROJECT = "[project]\nname = 'app'\nversion = '0'\n"


class Place(NamedTuple):
    """One executor, and what leads to it. `image` is that of the tasks."""

    executor: str
    image: str
    around: Mapping[str, str | None]
    docker: DockerParts | None

    def project(self, make: Callable[..., Project], config: str = "") -> Project:
        """Return a project with the app; with a configuration, if there is one."""
        files = {"app.py": APP.format(image=self.image), "pyproject.toml": PYPROJECT}
        return make({**files, ".flyte/config.yaml": config} if config else files)

    def running(self, below: Path) -> list[str]:
        """Return the processes of tasks, or the containers, of control planes whose home is below a folder."""
        if self.docker is None:
            return [str(each) for each in alive(f"{below}/") if _is_task(each)]
        label = "flytectl-py.home"
        listed = self.docker.run("ps", "--all", "--filter", f"label={label}", "--format", f'{{{{.Label "{label}"}}}}')
        return [each for each in listed.split() if each.startswith(f"{below}/")]


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "process":
        return Place("process", "ghcr.io/acme/base:1", {}, None)
    docker = request.getfixturevalue("docker")
    return Place("docker", request.getfixturevalue("own_image"), request.getfixturevalue("around_docker"), docker)


@pytest.fixture
def plane(place: Place, tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path / "plane", place.executor, environment=place.around) as made:
        yield made


@pytest.mark.parametrize("place", ["process"], indirect=True)  # containers make no difference
def test_a_client_that_is_killed_while_it_follows_costs_its_run_nothing(
    project: Callable[..., Project], place: Place, plane: Machine
) -> None:
    app = place.project(project, plane.config)
    folder = plane.home / "blobs"
    words = ("run", "--follow", "--name", "followed", "app.py", "parent", "--folder", str(folder), "--seconds", "1")
    _killed(app, words, place.around, lambda: len(_marks(folder)) > 0)
    (record,) = plane.ended("followed")
    assert record.phase == "succeeded", record
    assert plane.output("followed") == "child-0 child-1 child-2"
    assert sorted(_marks(folder)) == sorted(f"{what} child-{x}" for what in ("begin", "end") for x in range(3))


def test_a_run_with_a_control_plane_of_its_own_ends_with_its_client(
    project: Callable[..., Project], place: Place, tmp_path: Path
) -> None:
    app = place.project(project)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = app.path / ".flyte" / "state" / place.executor
    words = ("run", "--engine", place.executor, "app.py", "parent", "--folder", str(folder), "--seconds", "600")
    around = {**place.around, "TMPDIR": str(temporary)}
    _killed(app, words, around, lambda: len(_marks(folder)) == 3 and len(place.running(temporary)) >= 4)
    _until(lambda: not any(temporary.iterdir()))
    assert place.running(temporary) == []
    assert [each for each in _marks(folder) if not each.startswith("begin")] == []


@pytest.mark.parametrize("place", ["process"], indirect=True)  # containers make no difference
def test_what_a_killed_control_plane_of_one_run_leaves_is_ended_by_the_client(
    project: Callable[..., Project], place: Place, tmp_path: Path
) -> None:
    app = place.project(project)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = app.path / ".flyte" / "state" / place.executor
    words = ("run", "--engine", place.executor, "app.py", "parent", "--folder", str(folder), "--seconds", "600")
    around = {**place.around, "TMPDIR": str(temporary)}
    with _started(app, words, around) as client:
        _until(lambda: len(_marks(folder)) == 3)
        for process in _planes(temporary):
            os.kill(process, signal.SIGKILL)
        assert client.wait(60) == 3
    assert place.running(temporary) == []
    assert not any(temporary.iterdir())


def test_what_is_left_where_both_were_killed_is_ended_by_the_next_run(
    project: Callable[..., Project], place: Place, tmp_path: Path
) -> None:
    app = place.project(project)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = app.path / ".flyte" / "state" / place.executor
    words = ("run", "--engine", place.executor, "app.py", "parent", "--folder", str(folder), "--seconds")
    around = {**place.around, "TMPDIR": str(temporary)}
    with _started(app, (*words, "600"), around) as client:
        _until(lambda: len(_marks(folder)) == 3)
        (left,) = temporary.iterdir()
        os.kill(client.pid, signal.SIGSTOP)
        for process in _planes(temporary):
            os.kill(process, signal.SIGKILL)
        client.kill()
    assert len(place.running(temporary)) >= 4
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    (folder / "marks").unlink()
    done = app.flyte(*words, "0", env=around).expect()
    assert f"ending what it left in {left}" in done.err
    assert done.out.splitlines()[-1] == "child-0 child-1 child-2"
    assert not any(each.startswith("twice") for each in _marks(folder))
    assert place.running(temporary) == []
    assert not any(temporary.iterdir())


def test_after_kills_of_the_control_plane_each_child_has_run_once(
    project: Callable[..., Project], place: Place, plane: Machine
) -> None:
    app = place.project(project, plane.config)
    folder = plane.home / "blobs"
    words = ("--folder", str(folder), "--seconds", "2")
    app.flyte("run", "--name", "kills", "app.py", "parent", *words, env=place.around).expect()
    for begun in range(4):
        _until(lambda begun=begun: len(_marks(folder)) >= begun)  # type: ignore[misc]
        plane.kill()
        plane.start()
    (record,) = plane.ended("kills", seconds=120)
    assert record.phase == "succeeded", record
    assert sorted(_marks(folder)) == sorted(f"{what} child-{x}" for what in ("begin", "end") for x in range(3))
    actions = app.flyte("get", "action", "kills", "--json", env=place.around).expect().json["actions"]
    assert [each["attempts"] for each in actions] == [1] * 4


def test_a_task_that_is_killed_is_made_again(project: Callable[..., Project], place: Place, plane: Machine) -> None:
    app = place.project(project, plane.config)
    folder = plane.home / "blobs"
    words = ("--folder", str(folder), "--name", "it", "--seconds", "2")
    app.flyte("run", "--name", "killed", "app.py", "marked", *words, env=place.around).expect()
    _until(lambda: _marks(folder) == ["begin it"])
    if place.docker is None:
        for process in place.running(plane.home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
    else:
        (container,) = place.docker.run(
            "ps", "--quiet", "--filter", f"label=flytectl-py.home={plane.home}/attempts"
        ).split()
        place.docker.run("kill", "--signal", "KILL", container)
    (record,) = plane.ended("killed")
    assert (record.phase, record.attempts) == ("succeeded", 2), record
    assert _marks(folder) == ["begin it", "begin it", "end it"]
    first = plane.details("killed").attempts[0]
    assert "SIGKILL" in first.error_info.message or "137" in first.error_info.message, first


def test_an_abort_ends_children_that_never_end(project: Callable[..., Project], place: Place, plane: Machine) -> None:
    app = place.project(project, plane.config)
    folder = plane.home / "blobs"
    words = ("--folder", str(folder), "--seconds", "6000")
    app.flyte("run", "--name", "endless", "app.py", "parent", *words, env=place.around).expect()
    _until(lambda: len(_marks(folder)) == 3)
    app.flyte("abort", "endless", "--reason", "enough", env=place.around).expect()
    (record,) = plane.ended("endless")
    assert (record.phase, record.abort_reason) == ("aborted", "enough")
    _until(lambda: place.running(plane.home) == [])
    assert all(each.startswith("begin") for each in _marks(folder))


@contextlib.contextmanager
def _started(
    app: Project, words: tuple[str, ...], around: Mapping[str, str | None]
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a `flyte` that runs; afterwards it does not."""
    with (app.home / "client").open("wb") as said:
        client = subprocess.Popen(
            [FLYTE, *words],
            cwd=app.path,
            env=app.environment(around),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield client
    finally:
        client.kill()
        client.wait(30)


def _killed(app: Project, words: tuple[str, ...], around: Mapping[str, str | None], holds: Callable[[], bool]) -> None:
    """Start `flyte`, and kill it as soon as something holds."""
    with _started(app, words, around):
        _until(holds)


def _planes(temporary: Path) -> list[int]:
    """Return the processes of control planes whose home is in a folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"flytectl_py.machine.serve" in words and any(each.startswith(os.fsencode(temporary)) for each in words):
                found.append(int(folder.name))
    return found


def _is_task(process: int) -> bool:
    """Whether a process is a task's and not its control plane's, or the client's."""
    with contextlib.suppress(OSError):
        return b"ACTION_NAME=" in Path(f"/proc/{process}/environ").read_bytes()
    return False


def _marks(folder: Path) -> list[str]:
    try:
        return (folder / "marks").read_text().splitlines()
    except FileNotFoundError:
        return []


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest, "it does not come about"
        time.sleep(0.05)
