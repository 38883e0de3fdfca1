"""`flyte start`, and everything that a cluster is used for against the control plane of one machine."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.machine import Machine, machine
from tests.support.process import FLYTE, Result
from tests.support.project import Project

APP = """
import asyncio
import os
import time

import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")
older = flyte.TaskEnvironment("older", image="ghcr.io/acme/base:1", env_vars={"_U_USE_ACTIONS": ""}, depends_on=[env])

@env.task
def square(x: int) -> int:
    print("squaring", x)
    return x * x

@env.task(retries=2)
def flaky(x: int) -> int:
    if flyte.ctx().attempt < 3:
        raise ValueError("not yet")
    return x

@env.task
def bad(x: int) -> int:
    raise ValueError(f"no {x}")

@env.task
def worse(x: int) -> int:
    raise ValueError(f"no {x}\\nat all")

@env.task
async def fails() -> int:
    return await worse.aio(3)

@env.task(timeout=1)
def late() -> int:
    time.sleep(600)
    return 1

@env.task
async def total(n: int) -> int:
    print("total of", n)
    return sum(await asyncio.gather(*(square.aio(x) for x in range(n))))

@older.task
async def total_by_queue(n: int) -> int:
    return sum(await asyncio.gather(*(square.aio(x) for x in range(n))))

@env.task
async def tree(n: int) -> int:
    return sum(await asyncio.gather(*(total.aio(x) for x in range(n))))

@env.task
async def catches() -> str:
    try:
        await bad.aio(3)
    except Exception as error:
        return str(error)
    return "nothing"

@env.task
async def waits() -> int:
    return await forever.aio()

@env.task
def forever() -> int:
    print("waiting", flush=True)
    time.sleep(600)
    return 0
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("plane")) as made:
        yield made


@pytest.fixture
def app(project: Callable[..., Project], plane: Machine) -> Project:
    """A project whose configuration leads to the control plane by nothing but its endpoint."""
    made: Project = project({"app.py": APP, ".flyte/config.yaml": plane.config})
    return made


@pytest.mark.parametrize(
    ("task", "options", "result"),
    [
        ("square", ("--x", "3"), "9"),
        ("total", ("--n", "3"), "5"),
        ("total_by_queue", ("--n", "3"), "5"),
        ("tree", ("--n", "4"), "6"),
        ("flaky", ("--x", "4"), "4"),
    ],
)
def test_tasks_run_with_their_children(app: Project, task: str, options: tuple[str, ...], result: str) -> None:
    ran = app.flyte("run", "--follow", "app.py", task, *options).expect()
    assert ran.out.splitlines()[-1] == result


def test_a_parent_sees_what_its_child_raised(app: Project) -> None:
    ran = app.flyte("run", "--follow", "app.py", "catches").expect()
    assert ran.out.splitlines()[-1] == "no 3"


def test_a_failure_is_told_with_its_traceback(app: Project) -> None:
    ran = app.flyte("run", "--follow", "app.py", "bad", "--x", "1").expect(1)
    assert "error: app.bad failed: ValueError: no 1\n  at app.py:" in ran.err
    assert (ran.out + ran.err).count("in bad") == 1
    assert 'File "app.py", line ' in ran.out + ran.err


def test_a_failure_of_a_child_is_told_as_json(app: Project) -> None:
    error = app.flyte("run", "--follow", "--json", "--name", "told", "app.py", "fails").expect(1).json["error"]
    at = f"app.py:{APP.splitlines().index('def worse(x: int) -> int:') + 1}"
    assert (error["message"], error["where"]) == ("app.fails failed: ValueError: no 3\nat all", at)
    assert "in worse" in error["traceback"]
    assert "flyte.errors.RuntimeUserError: no 3\n\n" not in error["traceback"]
    kept = app.flyte("get", "run", "told", "--json").expect().json["error"]
    assert (kept["message"], kept["where"]) == ("no 3\nat all", at)
    shown = app.flyte("get", "run", "told").expect().out
    assert f"error: ValueError: no 3\n  at all\n  at {at}\nurl: " in shown


def test_an_attempt_that_took_too_long_is_one_error(app: Project) -> None:
    ran = app.flyte("run", "--follow", "-v", "app.py", "late").expect(1)
    assert "RuntimeUserError" not in ran.err
    assert "code: TaskTimeoutError" in ran.err


def test_actions_and_logs_can_be_read(app: Project) -> None:
    app.flyte("run", "--follow", "--name", "read", "app.py", "total", "--n", "2").expect()
    shown = app.flyte("get", "run", "read", "--json").expect().json
    assert shown["phase"] == "succeeded"
    actions = app.flyte("get", "action", "read", "--json").expect().json["actions"]
    assert [each["task"] for each in actions] == ["app.total", "app.square", "app.square"]
    assert {each["phase"] for each in actions} == {"succeeded"}
    assert "total of 2" in app.flyte("logs", "read").expect().out
    printed = [app.flyte("logs", "read", each["action"]).expect().out for each in actions[1:]]
    assert sorted(line for each in printed for line in each.splitlines() if line.startswith("squaring")) == [
        "squaring 0",
        "squaring 1",
    ]


def test_an_abort_ends_the_parent_and_its_child(app: Project, plane: Machine) -> None:
    app.flyte("run", "--name", "ends", "app.py", "waits").expect()
    _until(lambda: len(app.flyte("get", "action", "ends", "--json").json["actions"]) == 2)
    app.flyte("abort", "ends", "--reason", "enough").expect()
    (record,) = plane.ended("ends")
    assert (record.phase, record.abort_reason) == ("aborted", "enough")
    actions = app.flyte("get", "action", "ends", "--json").expect().json["actions"]
    assert {each["phase"] for each in actions} == {"aborted"}


def test_an_old_version_runs_its_old_code(app: Project) -> None:
    app.flyte("deploy", "--version", "v1", "app.py").expect()
    app.write({"app.py": APP.replace("return x * x", "return x * x + 100")})
    app.flyte("deploy", "--version", "v2", "app.py").expect()
    app.write({"app.py": "raise SystemExit('the working tree has changed')"})
    old = app.flyte("run", "--follow", "deployed-task", "app.total:v1", "--n", "2").expect()
    new = app.flyte("run", "--follow", "deployed-task", "app.total", "--n", "2").expect()
    assert (old.out.splitlines()[-1], new.out.splitlines()[-1]) == ("1", "201")
    assert "app.total" in app.flyte("get", "task").expect().out


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tree_of_tasks_survives_kills_of_the_control_plane(
    project: Callable[..., Project], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with machine(tmp_path / "plane") as plane:
        app = project({"app.py": APP, ".flyte/config.yaml": plane.config})
        app.flyte("run", "--name", "tree", "app.py", "tree", "--n", "4").expect()
        for _ in range(4):
            time.sleep(chance.uniform(0.05, 0.8))
            plane.kill()
            plane.start()
        (record,) = plane.ended("tree", seconds=120)
        assert record.phase == "succeeded", record
        actions = app.flyte("get", "action", "tree", "--json").expect().json["actions"]
        assert [each["attempts"] for each in actions] == [1] * 11


def test_start_stop_and_status(project: Callable[..., Project]) -> None:
    app = project({"app.py": APP})
    assert app.flyte("status", "--json").expect().json["running"] is False
    assert app.flyte("stop", "--json").expect().json == {"stopped": False}
    started = app.flyte("start", "--port", "0", "--json").expect().json
    try:
        again = app.flyte("start", "--json").expect().json
        assert started["started"] is True
        assert again == {**started, "started": False}
        status = app.flyte("status", "--json").expect().json
        assert (status["running"], status["healthy"], status["endpoint"]) == (True, True, started["endpoint"])
        assert "docker" not in app.flyte("start", "--executor", "docker").expect(4).out
        assert "no executor 'foo'; known: docker, process" in app.flyte("start", "--executor", "foo").expect(2).err
        ran = app.flyte("run", "--endpoint", started["endpoint"], "--follow", "app.py", "square", "--x", "5").expect()
        assert ran.out.splitlines()[-1] == "25"
    finally:
        assert app.flyte("stop", "--json").expect().json == {"stopped": True}
    assert app.flyte("status", "--json").expect().json["running"] is False


def test_of_two_that_start_at_once_one_does_and_the_other_says_that_it_is_not_as_wanted(
    project: Callable[..., Project], tmp_path: Path
) -> None:
    app = project({"app.py": APP})
    try:
        starts = [
            subprocess.Popen(
                [FLYTE, "start", "--port", "0", "--store", str(tmp_path / name)],
                cwd=app.path, env=app.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for name in ("one", "two")
        ]  # fmt: skip
        ended = sorted((Result.of(each) for each in starts), key=lambda each: each.code)
        assert "flyte: started" in ended[0].expect().err
        assert "a control plane runs" in ended[1].expect(4).err
    finally:
        app.flyte("stop").expect()


def test_what_a_killed_one_has_left_is_not_taken_for_one_that_runs(project: Callable[..., Project]) -> None:
    app = project({"app.py": APP})
    first = app.flyte("start", "--port", "0", "--json").expect().json
    try:
        os.kill(first["pid"], signal.SIGKILL)
        port = first["endpoint"].rpartition(":")[2]
        second = app.flyte("start", "--port", port, "--json").expect().json
        assert (second["started"], second["endpoint"]) == (True, first["endpoint"])
        assert second["pid"] != first["pid"]
    finally:
        app.flyte("stop").expect()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--executor", "dockr"), "no executor 'dockr'; known: docker, process"),
        (("--store", "ftp://x"), "no kind of store 'ftp'"),
        (("--store", ""), "--store: it is empty"),
        (("--store", "memory://x"), "not seen by the processes"),
        (("--store", "s3://"), "s3:// names no place in the store"),
        (("--store", "app.py"), "app.py is a file"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    project: Callable[..., Project], words: tuple[str, ...], said: str
) -> None:
    app = project({"app.py": APP})
    assert said in app.flyte("start", "--port", "0", *words).expect(2).err
    assert not (app.home / ".flyte/machine").exists()


def test_a_store_that_cannot_be_made_is_refused_before_anything_starts(project: Callable[..., Project]) -> None:
    app = project({"app.py": APP})
    assert "app.py" in app.flyte("start", "--port", "0", "--store", "app.py/below").expect(3).err
    assert not (app.home / ".flyte/machine").exists()


def test_a_store_is_the_folder_that_was_named_whatever_it_is_called(project: Callable[..., Project]) -> None:
    app = project({"app.py": APP})
    started = app.flyte("start", "--port", "0", "--store", "of 100% #1", "--json").expect().json
    try:
        app.flyte("run", "--endpoint", started["endpoint"], "--follow", "app.py", "square", "--x", "5").expect()
    finally:
        app.flyte("stop").expect()
    assert any((app.path / "of 100% #1").rglob("outputs.pb"))


@pytest.mark.parametrize("port", ["x", "70000"])
def test_a_port_that_is_none_is_refused(app: Project, port: str) -> None:
    assert "--port" in app.flyte("start", "--port", port).expect(2).err


def test_a_port_that_is_taken_is_said(app: Project, plane: Machine) -> None:
    assert "Address already in use" in app.flyte("start", "--port", str(plane.port)).expect(3).err


def _until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest, "it does not come about"
        time.sleep(0.1)
