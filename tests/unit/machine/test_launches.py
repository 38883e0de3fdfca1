"""From a task to what is started: resources, templates, variables and the place of its log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flyteidl2.task.run_pb2 import RunSpec
from flyteidl2.task.task_definition_pb2 import TaskSpec
from google.protobuf.json_format import ParseDict

from flytectl_py.machine.executors.api import CannotStartError
from flytectl_py.machine.launches import Surroundings, launch_of, log_file, needs_of
from tests.support.machine import shell_task

ROW: dict[str, Any] = {
    "org": "acme", "project": "p", "domain": "d", "run_name": "r", "name": "a0", "base": "file:///runs/r",
    "input_uri": "file:///runs/r/inputs.pb", "created": 0.0,
}  # fmt: skip


def pod() -> TaskSpec:
    spec = TaskSpec()
    spec.task_template.id.name = "pod"
    spec.task_template.k8s_pod.primary_container_name = "main"
    containers = [
        {"name": "sidecar", "image": "side", "args": ["sleep"]},
        {
            "name": "main", "image": "img:1", "args": ["a0", "--inputs", "{{.input}}"],
            "env": [{"name": "A", "value": "1"}], "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
        },
    ]  # fmt: skip
    ParseDict({"containers": containers}, spec.task_template.k8s_pod.pod_spec)
    return spec


def test_a_pod_is_its_main_container() -> None:
    launch = launch_of(ROW, 1, "t", pod(), RunSpec(), Surroundings("http://here", Path("/logs"), Path("/secrets")))
    assert (launch.image, launch.command) == ("img:1", ("a0", "--inputs", "file:///runs/r/inputs.pb"))
    assert (launch.cpu, launch.memory) == (0.5, 1 << 30)
    assert launch.environment["A"] == "1"


def test_variables_of_the_run_win_over_those_of_the_task() -> None:
    spec = shell_task("true")
    spec.task_template.container.env.add(key="LEVEL", value="task")
    spec.task_template.container.env.add(key="_U_USE_ACTIONS", value="")
    run_spec = RunSpec()
    run_spec.envs.values.add(key="LEVEL", value="run")
    launch = launch_of(ROW, 2, "t", spec, run_spec, Surroundings("http://here", Path("/logs"), Path("/secrets")))
    assert launch.environment["LEVEL"] == "run"
    assert launch.environment["_U_USE_ACTIONS"] == ""
    assert launch.environment["FLYTE_ATTEMPT_NUMBER"] == "1"
    assert launch.environment["_U_EP_OVERRIDE"] == "http://here"


@pytest.mark.parametrize(("number", "prefix"), [(1, '""'), (2, "file:///runs/r/a0/1/checkpoint")])
def test_an_attempt_finds_the_checkpoint_of_the_one_before(number: int, prefix: str) -> None:
    spec = shell_task("{{.prevCheckpointPrefix}}")
    launch = launch_of(ROW, number, "t", spec, RunSpec(), Surroundings("", Path("/logs"), Path("/secrets")))
    assert launch.command[-1] == prefix


def test_a_task_that_asks_for_nothing_takes_a_core() -> None:
    assert needs_of(shell_task("true")) == (1.0, 0, 0)


def test_limits_win_over_requests() -> None:
    spec = shell_task("true", cpu="1")
    spec.task_template.container.resources.limits.add(name=1, value="2500m")
    spec.task_template.container.resources.limits.add(name=3, value="512Mi")
    assert needs_of(spec) == (2.5, 512 << 20, 0)


def test_a_quantity_that_is_none_is_said() -> None:
    with pytest.raises(CannotStartError, match="resources"):
        needs_of(shell_task("true", cpu="many"))


def test_a_task_without_a_container_cannot_start() -> None:
    with pytest.raises(CannotStartError, match="no container"):
        launch_of(ROW, 1, "t", TaskSpec(), RunSpec(), Surroundings("", Path("/logs"), Path("/secrets")))


@pytest.mark.parametrize("name", ["..", ".", "a/../../b", "/etc/passwd", "ü b"])
def test_a_log_stays_in_its_folder(name: str) -> None:
    file = log_file(Path("/logs"), {**ROW, "name": name, "run_name": name}, 1)
    assert file.parts[:2] == ("/", "logs")
    assert len(file.parts) == 7
    assert ".." not in file.parts
