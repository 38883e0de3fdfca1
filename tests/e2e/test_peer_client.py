"""The client of flyte 2.12.1 against `flyte start`, and its runtime for what is submitted there, both unchanged."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.docker.packages import CannotRunError
from tests.support.machine import Machine
from tests.support.peer import IMAGE, Peer, installed_peer
from tests.support.process import Result
from tests.support.project import Project

CONFIG = """
admin:
  endpoint: dns:///localhost:{port}
  insecure: true
image:
  builder: local
task:
  project: flytesnacks
  domain: development
"""

APP = f"""
import asyncio
import importlib.metadata
import time

import flyte

env = flyte.TaskEnvironment("app", image="{IMAGE}")
older = flyte.TaskEnvironment("older", image="{IMAGE}", env_vars={{"_U_USE_ACTIONS": ""}}, depends_on=[env])
ours = flyte.TaskEnvironment("ours", image="ghcr.io/acme/ours:1", depends_on=[env, older])

def runtime() -> str:
    return next((each for each in ("flytectl-py", "flyte") if _version(each)), "")

def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""

@env.task
def square(x: int) -> int:
    print("squaring", x, "in", runtime(), flush=True)
    return x * x

@env.task
async def total(n: int) -> int:
    print("total of", n, "in", runtime(), flush=True)
    return sum(await asyncio.gather(*(square.aio(x) for x in range(n))))

@older.task
async def total_by_queue(n: int) -> int:
    print("total by queue of", n, "in", runtime(), flush=True)
    return sum(await asyncio.gather(*(square.aio(x) for x in range(n))))

@env.task
async def both(n: int) -> int:
    print("both of", n, "in", runtime(), flush=True)
    return sum(await asyncio.gather(total.aio(n), total_by_queue.aio(n + 1)))

@ours.task
async def mixed(n: int) -> int:
    print("mixed of", n, "in", runtime(), flush=True)
    return 100 + await total_by_queue.aio(n)

@env.task
async def asks(x: int) -> int:
    approval = await flyte.new_condition.aio("approve", prompt="How many?", data_type=int)
    return x + await approval.wait.aio()

@env.task
async def waits() -> int:
    return await forever.aio()

@env.task
def forever() -> int:
    time.sleep(600)
    return 0

@env.task
def bad(x: int) -> int:
    raise ValueError(f"no {{x}}")
"""


class Both:
    """The peer's client and ours, in one project that leads to one control plane."""

    def __init__(self, peer: Peer, plane: Machine, project: Project) -> None:
        self.peer, self.plane, self.project = peer, plane, project

    def flyte(self, *args: str) -> Result:
        """Run the peer's command line to its good end."""
        return self.peer.flyte(self.project, *args).expect()

    def shown(self, kind: str, name: str) -> Any:
        """Return one thing as the peer's client shows it, which writes it as Python does."""
        (found,) = ast.literal_eval(self.flyte("get", kind, name).out)
        return found

    def printed(self, run: str, action: str = "") -> str:
        """Return what an action printed, as our client tells it."""
        return self.project.flyte("logs", run, *([action] if action else [])).expect().out


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    try:
        peer = installed_peer()
    except CannotRunError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("peer")
    plane = Machine(folder / "plane")
    peer.stand_for_image(plane.home / "user")
    plane.start()
    try:
        config = CONFIG.format(port=plane.port)
        yield Both(
            peer, plane, Project(folder / "project", folder / "home", {"app.py": APP, ".flyte/config.yaml": config})
        )
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def tree(both: Both) -> str:
    """The name of a run whose actions call each other by both forms of the protocol."""
    both.flyte("run", "--name", "tree", "--follow", "app.py", "both", "--n", "1")
    return "tree"


def test_its_runtime_calls_children_by_both_forms_of_the_protocol(both: Both, tree: str) -> None:
    assert both.plane.output(tree) == 1
    actions = _actions(both.project, tree)
    names = ["app.both", *["app.square"] * 3, "app.total", "older.total_by_queue"]
    assert sorted(each["task"] for each in actions) == names
    assert {each["phase"] for each in actions} == {"succeeded"}
    assert "both of 1 in flyte\n" in both.printed(tree)


def test_its_client_reads_runs_actions_data_and_logs(both: Both, tree: str) -> None:
    assert both.shown("run", tree)["action"]["status"]["phase"] == "ACTION_PHASE_SUCCEEDED"
    listed = json.loads(both.flyte("get", "action", tree).out)
    assert {each["status"]["phase"] for each in listed} == {"ACTION_PHASE_SUCCEEDED"}
    assert len(listed) == 6
    assert "both of 1 in flyte" in both.flyte("get", "logs", tree).out
    assert "ActionOutputs(o0=1)" in both.flyte("get", "io", tree).out


def test_what_it_deploys_runs_by_version(both: Both) -> None:
    both.flyte("deploy", "--version", "v1", "app.py", "env")
    both.flyte("run", "--name", "deployed", "--follow", "deployed-task", "app.total:v1", "--n", "2")
    assert both.plane.output("deployed") == 1
    ran = both.project.flyte("run", "--follow", "deployed-task", "app.square:v1", "--x", "3").expect()
    assert ran.out.splitlines()[-1] == "9"


def test_it_sees_a_failure_and_its_text(both: Both) -> None:
    both.peer.flyte(both.project, "run", "--name", "fails", "--follow", "app.py", "bad", "--x", "4")
    (listed,) = json.loads(both.flyte("get", "run", "--task-name", "app.bad", "--in-phase", "failed").out)
    assert listed["action"]["id"]["run"]["name"] == "fails"
    assert "no 4" in both.shown("run", "fails")["action"]["errorInfo"]["message"]


def test_it_aborts_a_parent_with_its_child(both: Both) -> None:
    both.flyte("run", "--name", "aborted", "app.py", "waits")
    _until(lambda: len(_actions(both.project, "aborted")) == 2)
    both.flyte("abort", "run", "aborted", "--reason", "enough")
    (record,) = both.plane.ended("aborted")
    assert (record.phase, record.abort_reason) == ("aborted", "enough")
    assert {each["phase"] for each in _actions(both.project, "aborted")} == {"aborted"}


def test_a_condition_waits_for_its_signal(both: Both) -> None:
    both.flyte("run", "--name", "asks", "app.py", "asks", "--x", "1")
    _until(lambda: [each["phase"] for each in _actions(both.project, "asks")] == ["running", "paused"])
    (paused,) = json.loads(both.flyte("get", "condition", "asks").out)
    name = _actions(both.project, "asks")[1]["action"]
    assert name in json.dumps(paused)
    both.flyte("signal", "condition", "asks", name, "41")
    (record,) = both.plane.ended("asks")
    assert record.phase == "succeeded"
    assert both.plane.output("asks") == 42


def test_a_parent_of_ours_calls_children_in_its_runtime(both: Both) -> None:
    both.flyte("run", "--name", "mixed", "--follow", "app.py", "mixed", "--n", "2")
    assert both.plane.output("mixed") == 101
    actions = _actions(both.project, "mixed")
    child = next(each["action"] for each in actions if each["task"] == "older.total_by_queue")
    assert "mixed of 2 in flytectl-py\n" in both.printed("mixed")
    assert "total by queue of 2 in flyte\n" in both.printed("mixed", child)


def _actions(project: Project, run: str) -> list[Any]:
    found: list[Any] = project.flyte("get", "action", run, "--json").expect().json["actions"]
    return found


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest, "it does not come about"
        time.sleep(0.1)
