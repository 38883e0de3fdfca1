"""`flyte get`, `flyte logs` and `flyte abort`, against a control plane on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.control_plane import ControlPlaneServer
from tests.support.plane import faults
from tests.support.plane.state import ENDLESS, FAILED, Story
from tests.support.project import Project

APP = '''
import flyte

env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")

@env.task
def main(x: int, title: str = "sum") -> int:
    """Add one."""
    return x + 1
'''
RUN = ("run", "app.py", "main", "--x", "1", "--name")


@pytest.fixture
def app(project: Callable[..., Project], plane: ControlPlaneServer) -> Project:
    made: Project = project({"app.py": APP, ".flyte/config.yaml": plane.config})
    return made


def test_runs_are_listed_the_latest_first(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(pace=0)
    for name in ("r1", "r2", "r3"):
        app.flyte(*RUN, name).expect()
    lines = app.flyte("get", "run").expect().out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", "r3", "r2", "r1"]
    assert lines[1].split()[1:2] == ["app.main"]
    listed = app.flyte("get", "runs", "--json", "--limit", "2").expect().json["runs"]
    assert [(each["run"], each["phase"]) for each in listed] == [("r3", "succeeded"), ("r2", "succeeded")]
    assert listed[0]["url"].endswith("/runs/r3")
    assert app.flyte("get", "run", "--project", "default", "--json").expect().json == {"runs": []}


def test_what_is_odd_in_the_file_is_told_once(app: Project, plane: ControlPlaneServer) -> None:
    app.write({".flyte/config.yaml": plane.config + "  domian: x\n"})
    for command in (["get", "run"], ["logs", "nope"], ["rerun", "nope"], ["run", "app.py", "main", "--x", "1"]):
        assert app.flyte(*command).err.count("unknown key 'task.domian' is ignored") == 1, command


def test_all_pages_are_read(app: Project, plane: ControlPlaneServer) -> None:
    app.flyte(*RUN, "r0").expect()
    for number in range(1, 130):
        made = plane.runs["r0"]
        again = type(made)(type(made.id)(), made.spec, made.run_spec, made.inputs, made.story)
        again.id.CopyFrom(made.id)
        again.id.name = f"r{number}"
        plane.runs[again.id.name] = again
    assert len(app.flyte("get", "run", "--limit", "0", "--json").expect().json["runs"]) == 130
    assert len(app.flyte("get", "run", "--json").expect().json["runs"]) == 100


def test_one_run_with_its_actions(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(pace=0, children=("leaf", "twig"))
    app.flyte(*RUN, "r1").expect()
    text = app.flyte("get", "run", "r1").expect().out
    assert text.startswith("r1: succeeded")
    assert f"{plane.url}/v2/" in text
    assert "\n  c0" in text
    said = app.flyte("get", "run", "r1", "--json").expect().json
    assert [(each["action"], each["parent"]) for each in said["action_list"]] == [
        ("a0", None),
        ("c0", "a0"),
        ("c1", "a0"),
    ]
    assert said["started"].endswith("Z")
    one = app.flyte("get", "action", "r1", "c1", "--json").expect().json
    assert (one["action"], one["run"], one["parent"]) == ("c1", "r1", "a0")
    assert len(app.flyte("get", "action", "r1", "--json").expect().json["actions"]) == 3


def test_a_failed_run_says_why(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = FAILED
    app.flyte(*RUN, "r1", "--follow").expect(1)
    assert "error: ValueError: bad luck" in app.flyte("get", "run", "r1").expect().out
    error = app.flyte("get", "run", "r1", "--json").expect().json["error"]
    assert (error["code"], error["kind"]) == ("ValueError", "user")


def test_tasks_and_their_inputs(app: Project) -> None:
    for version in ("v1", "v2"):
        app.flyte("deploy", "app.py", "--version", version).expect()
    assert app.flyte("get", "task", "--json").expect().json["tasks"][0]["version"] == "v2"
    text = app.flyte("get", "task", "app.main").expect().out
    assert text.startswith("app.main:v2\nmain(x: int, title: str = 'sum') -> int\n")
    said = app.flyte("get", "task", "app.main:v1", "--json").expect().json
    assert said["version"] == "v1"
    assert said["inputs"] == [
        {"name": "x", "type": "int", "required": True},
        {"name": "title", "type": "str", "required": False, "default": "sum"},
    ]
    assert said["outputs"] == [{"name": "o0", "type": "int"}]


def test_projects(app: Project) -> None:
    assert "flytesnacks  development, staging, production" in app.flyte("get", "project").expect().out
    assert app.flyte("get", "project", "default", "--json").expect().json["domains"][0] == "development"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get"], "which kind of record? flyte get needs one of run, action, task, project"),
        (["get", "rum"], "did you mean 'run'?"),
        (["get", "run", "none"], "no run 'none' in project flytesnacks, domain development"),
        (["get", "action"], "which run? flyte get action needs RUN"),
        (["get", "action", "none"], "no run 'none'"),
        (["get", "task", "a.none"], "no task 'a.none'"),
        (["get", "project", "none"], "no project 'none'"),
        (["get", "project", "one", "two"], "'two' is one name too many"),
        (["get", "run", "--limit", "few"], "--limit"),
        (["logs"], "which run? flyte logs needs RUN"),
        (["logs", "none"], "no run 'none'"),
        (["abort"], "which run? flyte abort needs RUN"),
        (["abort", "one", "two"], "flyte abort takes RUN, got one two"),
        (["abort", "none"], "no run 'none'"),
    ],
)
def test_what_is_asked_wrongly(app: Project, words: list[str], said: str) -> None:
    assert said in app.flyte(*words).expect(2).err


def test_tables_show_digests_short(app: Project) -> None:
    app.flyte("run", "app.py", "main", "--x", "1", "--name", "long").expect()
    version = app.flyte("get", "run", "long", "--json").expect().json["version"]
    row = app.flyte("get", "run").expect().out.splitlines()[1].split()
    assert row[2] == version[:12] != version


def test_a_run_that_printed_nothing_says_so(app: Project, plane: ControlPlaneServer) -> None:
    plane.change_next_story(lines=())
    app.flyte("run", "app.py", "main", "--x", "1", "--name", "still", "--follow").expect()
    assert app.flyte("logs", "still").expect().err == "flyte: still printed nothing\n"


@pytest.mark.parametrize("line", ["run none", "action none a5", "project none", "task a.none"])
def test_what_is_not_there_has_the_code_of_its_page(app: Project, line: str) -> None:
    error = app.flyte("get", *line.split(), "--json").expect(2).json["error"]
    assert error["code"] == "NotFoundError"
    assert ("in project" in error["message"]) is not line.startswith("project")


def test_without_an_endpoint_runs_are_those_of_this_machine(project: Callable[..., Project]) -> None:
    made = project({})
    assert "no runs are recorded" in made.flyte("get", "run").expect().err
    assert "no endpoint" in made.flyte("get", "task").expect(3).err


def test_with_an_endpoint_runs_of_this_machine_are_asked_for(app: Project) -> None:
    app.flyte("run", "--local", "app.py", "main", "--x", "1", "--name", "here").expect()
    assert "no run 'here'" in app.flyte("get", "run", "here").expect(2).err
    assert app.flyte("get", "run", "here", "--local", "--json").expect().json["run"] == "here"
    app.flyte("logs", "here", "--local").expect()
    assert "only runs are recorded here" in app.flyte("get", "task", "--local").expect(2).err


def test_logs_of_a_run(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(pace=0, lines=("one", "two"))
    app.flyte(*RUN, "r1").expect()
    assert app.flyte("logs", "r1").expect().out == "one\ntwo\n"
    said = app.flyte("logs", "r1", "--json").expect().json
    assert [each["text"] for each in said["lines"]] == ["one", "two"]
    assert "no attempt 3; the latest is 1" in app.flyte("logs", "r1", "--attempt", "3").expect(2).err
    plane.fail("DataProxyService.TailLogs", faults.Reset(messages=1))
    assert app.flyte("logs", "r1").expect().out == "one\ntwo\n"


def test_logs_of_a_run_that_waits(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(phases=("QUEUED",))
    app.flyte(*RUN, "r1").expect()
    assert "has not started yet: queued" in app.flyte("logs", "r1").expect(1).err


def test_a_run_is_aborted(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = ENDLESS
    app.flyte(*RUN, "r1").expect()
    said = app.flyte("abort", "r1", "--reason", "enough", "--json").expect().json
    assert (said["run"], said["phase"]) == ("r1", "aborted")
    assert plane.runs["r1"].aborted == "enough"
    assert "aborted: enough" in app.flyte("get", "run", "r1").expect().out
    again = app.flyte("abort", "run", "r1").expect()
    assert "has ended already: aborted" in again.err
    assert len(plane.asked("RunService.AbortRun")) == 1
