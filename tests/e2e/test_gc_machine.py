"""`flyte gc --machine`: what goes of a control plane's home, beside one that runs, and what stays."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import Machine, machine, request, shell_task
from tests.support.project import Project

APP = """
import flyte
from flyte.io import File

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

@env.task
async def write(text: str) -> File:
    made = File.new_remote("said.txt")
    async with made.open("w") as out:
        await out.write(text)
    return made

@env.task
async def read(file: File) -> str:
    async with file.open("r") as lines:
        return await lines.read()

@env.task(cache=flyte.Cache("override", version_override="1"))
async def cached(text: str) -> File:
    return await write(text)
"""
LONG_AGO = 40 * 86400


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path / "plane") as made:
        yield made


@pytest.fixture
def app(project: Callable[..., Project], plane: Machine) -> Project:
    made: Project = project({"app.py": APP, ".flyte/config.yaml": plane.config, "given.txt": "given"})
    return made


def test_old_runs_go_beside_a_control_plane_that_runs(app: Project, plane: Machine) -> None:
    app.flyte("run", "--follow", "--name", "old", "app.py", "write", "--text", "x").expect()
    app.flyte("run", "--follow", "--name", "new", "app.py", "write", "--text", "y").expect()
    _age(plane, "old")
    planned = _gc(app, plane, "--dry-run")
    assert planned["removed"] == _gc(app, plane, "--dry-run")["removed"]
    counts = {each["what"]: each["count"] for each in planned["removed"]}
    assert counts == {"records of runs": 1, "logs of runs": 1, "data folders of runs": 1, "inputs": 1}
    assert planned["bytes"] > 0
    assert _folders(plane) == ["new", "old"]
    assert _gc(app, plane)["removed"] == planned["removed"]
    assert _folders(plane) == ["new"]
    assert [each.name for each in (plane.home / "logs" / "flytesnacks" / "development").iterdir()] == ["new"]
    assert app.flyte("get", "run", "old").code == 2
    assert app.flyte("get", "run", "new", "--json").expect().json["phase"] == "succeeded"
    # Its name is free again, and nothing of what it was is taken for an outcome.
    again = app.flyte("run", "--follow", "--name", "old", "app.py", "read", "--file", "given.txt").expect()
    assert again.out.splitlines()[-1] == "given"
    assert _gc(app, plane)["removed"] == []


def test_what_runs_that_stay_have_read_stays(app: Project, plane: Machine) -> None:
    made = app.flyte("run", "--follow", "--name", "source", "app.py", "write", "--text", "x", "--json").expect().json
    uri = made["outputs"]["o0"]
    reader = request(shell_task("true"), "reader")
    reader.inputs.literals.add(name="file").value.scalar.blob.uri = uri
    plane.ask(lambda control: control.runs.create_run(reader))
    plane.ended("reader")
    app.flyte("run", "--follow", "--name", "cached", "app.py", "cached", "--text", "y").expect()
    _age(plane, "source", "cached")
    _gc(app, plane)
    assert Path(uri.removeprefix("file://")).read_text() == "x"
    again = app.flyte("run", "--follow", "--name", "hit", "app.py", "cached", "--text", "y", "--json").expect().json
    assert Path(again["outputs"]["o0"].removeprefix("file://")).read_text() == "y"
    _age(plane, "reader", "hit")
    _age_cache(plane)
    _gc(app, plane)
    assert _folders(plane) == []


def test_code_of_deployed_tasks_stays_and_other_code_goes(app: Project, plane: Machine) -> None:
    app.flyte("deploy", "--version", "v1", "app.py").expect()
    app.write({"app.py": APP.replace('"r"', '"rt"')})
    app.flyte("run", "--follow", "--name", "other", "app.py", "read", "--file", "given.txt").expect()
    assert len(_bundles(plane)) == 2
    _age(plane, "other")
    removed = {each["what"]: each["count"] for each in _gc(app, plane)["removed"]}
    assert removed["uploads"] == 2  # the code, and the file
    assert len(_bundles(plane)) == 1
    app.write({"given.txt": "given again"})
    ran = app.flyte("run", "--follow", "deployed-task", "app.read:v1", "--file", "given.txt").expect()
    assert ran.out.splitlines()[-1] == "given again"
    # The client remembers to have uploaded the other code, and looks whether it is still there.
    ran = app.flyte("run", "--follow", "app.py", "read", "--file", "given.txt").expect()
    assert ran.out.splitlines()[-1] == "given again"


def test_what_goes_on_or_has_just_ended_stays(app: Project, plane: Machine, tmp_path: Path) -> None:
    plane.run(shell_task(f"while test ! -e {tmp_path}/go; do sleep 0.1; done"), "going")
    plane.run(shell_task("true"), "ended")
    plane.ended("ended")
    assert _gc(app, plane)["removed"] == []
    _age(plane, "going")
    assert _gc(app, plane, "--older-than", "1h")["removed"] == []
    (tmp_path / "go").touch()
    assert plane.ended("going")[0].phase == "succeeded"


def test_there_is_nothing_where_there_was_no_control_plane(project: Callable[..., Project], tmp_path: Path) -> None:
    home = tmp_path / "none"
    done = project().flyte("gc", "--machine", env={"FLYTE_MACHINE_HOME": str(home)}).expect()
    assert done.out == f"nothing to remove in {home}\n"
    assert not home.exists()
    both = project().flyte("gc", "--machine", "--root-dir", ".", env={"FLYTE_MACHINE_HOME": str(home)}).expect(2)
    assert "--machine is of no project" in both.err


def test_a_state_that_is_none_is_said(project: Callable[..., Project], tmp_path: Path) -> None:
    (tmp_path / "plane.db").write_text("no database, but long enough to be taken for one" * 100)
    done = project().flyte("gc", "--machine", env={"FLYTE_MACHINE_HOME": str(tmp_path)}).expect(3)
    assert f"hint: move {tmp_path / 'plane.db'} away" in done.err


def _gc(app: Project, plane: Machine, *words: str) -> Any:
    done = app.flyte("gc", "--machine", "--json", *words, env={"FLYTE_MACHINE_HOME": str(plane.home)})
    return done.expect().json


def _age(plane: Machine, *runs: str) -> None:
    """Let runs, and all files that are there now, be of long ago."""
    _change(plane, "UPDATE runs SET created = created - ? WHERE name IN ({})", *runs)
    _change(plane, "UPDATE actions SET ended = ended - ? WHERE run IN (SELECT id FROM runs WHERE name IN ({}))", *runs)
    then = time.time() - LONG_AGO
    for folder in (plane.home / "blobs", plane.home / "logs"):
        for each in folder.rglob("*"):
            os.utime(each, (then, then))


def _age_cache(plane: Machine) -> None:
    _change(plane, "UPDATE cache SET created = created - ?")


def _change(plane: Machine, sql: str, *names: str) -> None:
    connection = sqlite3.connect(plane.home / "plane.db", timeout=30)
    with connection:
        connection.execute(sql.format(", ".join("?" for _ in names)), (LONG_AGO, *names))
    connection.close()


def _folders(plane: Machine) -> list[str]:
    return sorted(each.name for each in (plane.home / "blobs" / "runs" / "flytesnacks" / "development").iterdir())


def _bundles(plane: Machine) -> list[Path]:
    return list((plane.home / "blobs" / "uploads").rglob("*.tar.gz"))


def test_data_of_runs_with_an_engine_goes_with_that_of_the_project(app: Project) -> None:
    app.flyte("run", "--engine", "process", "app.py", "write", "--text", "x").expect()
    store = app.path / ".flyte" / "state" / "process"
    files = [each for each in store.rglob("*") if each.is_file()]
    assert len(files) > 2
    assert "data of runs with --engine process" not in app.flyte("gc", "--older-than", "0s").expect().out
    then = time.time() - LONG_AGO
    for each in store.rglob("*"):
        os.utime(each, (then, then))
    planned = app.flyte("gc", "--dry-run").expect().out
    assert "data of runs with --engine process" in planned
    assert all(each.exists() for each in files)
    assert app.flyte("gc").expect().out == planned.replace("would remove", "removed")
    assert not any(each.exists() for each in files)


def test_of_a_store_that_may_be_shared_only_data_of_its_own_runs_goes(
    project: Callable[..., Project], tmp_path: Path
) -> None:
    store = tmp_path / "shared"
    foreign = store / "runs" / "flytesnacks" / "development" / "foreign"
    foreign.mkdir(parents=True)
    with machine(tmp_path / "plane", store=store.as_uri()) as plane:
        plane.run(shell_task("true"), "own")
        plane.ended("own")
        assert (foreign.parent / "own").is_dir()
        _age(plane, "own")
        then = time.time() - LONG_AGO
        os.utime(foreign, (then, then))
        _gc(project(), plane)
    assert [each.name for each in foreign.parent.iterdir()] == ["foreign"]
