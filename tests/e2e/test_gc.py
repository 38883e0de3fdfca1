"""`flyte gc`: what goes, what stays, and what is said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from tests.support.process import FLYTE, Result, run_process
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import pathlib
import flyte

env = flyte.TaskEnvironment(name="app")

@env.task
def main(x: int) -> int:
    folder = pathlib.Path(flyte.ctx().raw_data_path)
    folder.mkdir(parents=True)
    (folder / "data").write_bytes(bytes(2048))
    return x

@env.task(cache="auto")
def cached(x: int) -> int:
    return x
"""


@pytest.fixture
def app(project: MakeProject) -> Project:
    made: Project = project({"app.py": APP})
    made.flyte("run", "--name", "first", "--keep-code", "app.py", "main", "--x", "2").expect()
    return made


def test_nothing_goes_that_is_new(app: Project) -> None:
    assert app.flyte("gc").expect().out.startswith("nothing to remove in ")
    assert app.flyte("get", "run", "first").expect().out


def test_old_runs_go_with_their_data_and_their_code(app: Project) -> None:
    app.flyte("rerun", "first").expect()
    state = app.path / ".flyte" / "state"
    before = sorted(each.name for each in state.iterdir())
    planned = app.flyte("gc", "--dry-run", "--older-than", "0s", "--json").expect().json
    assert sorted(each.name for each in state.iterdir()) == before
    assert {each["what"]: each["count"] for each in planned["removed"]} == {
        "records of runs": 2,
        "data folders of runs": 2,
        "kept bundles": 1,
        "unpacked bundles": 1,
    }
    assert planned["bytes"] > 4096
    said = app.flyte("gc", "--older-than", "0s").expect().out
    assert "removed 2 records of runs" in said
    assert "removed 2 data folders of runs, 4.0 KiB" in said
    assert [list((state / each).iterdir()) for each in ("runs", "bundles", "code")] == [[], [], []]
    assert app.flyte("get", "run", "--json").expect().json["runs"] == []


def test_what_a_newer_run_needs_stays(app: Project) -> None:
    time.sleep(2.1)
    app.flyte("rerun", "first", "--name", "second", "--x", "3").expect()
    app.flyte("gc", "--older-than", "2s").expect()
    listed = app.flyte("get", "run", "--json").expect().json["runs"]
    assert [each["run"] for each in listed] == ["second"]
    assert app.flyte("rerun", "second").expect().out == "3\n"


def test_cached_outputs_that_were_not_written_for_long_go(app: Project) -> None:
    app.flyte("run", "app.py", "cached", "--x", "2").expect()
    entries = list((app.path / ".flyte" / "state" / "cache").rglob("*.entry"))
    assert entries
    long_ago = time.time() - 40 * 86400
    for each in entries:
        os.utime(each, (long_ago, long_ago))
    assert "removed 1 cached output," in app.flyte("gc").expect().out
    assert not any(each.exists() for each in entries)


DATA = """
import time
import flyte
from flyte.io import File

env = flyte.TaskEnvironment(name="app")

@env.task
def make(text: str) -> File:
    file = File.new_remote("x.txt")
    with file.open("w") as out:
        out.write(text)
    return file

@env.task(cache=flyte.Cache(behavior="override", version_override="1"))
def cached(text: str) -> File:
    return make(text)

@env.task
def read(file: File) -> str:
    return file.open("r").read()
"""


def test_data_that_cached_outputs_and_newer_runs_refer_to_stays(project: MakeProject) -> None:
    made = project({"app.py": DATA})
    for name, task in (("unneeded", "make"), ("read", "make"), ("cached", "cached")):
        made.flyte("run", "--name", name, "app.py", task, "--text", name).expect()
    runs = made.path / ".flyte" / "state" / "runs"
    (file,) = (runs / "read").rglob("x.txt")
    time.sleep(3.1)
    made.flyte("run", "--name", "reads", "app.py", "read", "--file", str(file)).expect()
    for each in (made.path / ".flyte" / "state" / "cache").rglob("*.entry"):
        os.utime(each)  # as a run does that uses it
    made.flyte("gc", "--older-than", "3s").expect()
    assert [each["run"] for each in made.flyte("get", "run", "--json").expect().json["runs"]] == ["reads"]
    assert sorted(each.name for each in runs.iterdir()) == ["cached", "read"]
    assert made.flyte("rerun", "reads").expect().out == "read\n"


def test_records_are_read_and_data_goes_on_a_full_disk(app: Project) -> None:
    app.flyte("get", "run").expect()
    app.flyte("run", "--name", "second", "app.py", "main", "--x", "3").expect()

    def full(*args: str) -> Result:
        """Run `flyte` where no file can grow."""
        command = ["bash", "-c", 'ulimit -f 0; exec "$0" "$@"', FLYTE, *args]
        return run_process(command, cwd=app.path, env=app.environment())

    listed = full("get", "run", "--json").expect()
    assert [each["run"] for each in listed.json["runs"]] == ["second", "first"]
    assert "cannot be written" in listed.err
    assert full("logs", "second").expect().out == ""
    done = full("gc", "--older-than", "0s").expect()
    assert "2 data folders" in done.out
    assert "run 'flyte gc' again" in done.err
    assert "removed 2 records of runs" in app.flyte("gc", "--older-than", "0s").expect().out


def test_a_wrong_age_is_said(app: Project) -> None:
    assert "--older-than" in app.flyte("gc", "--older-than", "soon").expect(2).err
    assert "takes options only" in app.flyte("gc", "first").expect(2).err
