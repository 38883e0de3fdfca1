"""The members of a ContainerTask: what it says of itself, what a call does here, and what a subclass may change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from flytectl_py.errors import NotReadyError
from flytectl_py.model import container_task
from flytectl_py.model.container_task import ContainerTask, install_container_runner
from flytectl_py.model.environment import TaskEnvironment


class Runner:
    """Answers with what it was asked for."""

    async def run(self, task: ContainerTask, inputs: Mapping[str, Any]) -> Any:
        return f"{task.short_name} {dict(inputs)}"


class Careful(ContainerTask):
    """What a subclass of the user's may do around a call."""

    def pre(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().pre(*args, **kwargs), "n": 7}

    def post(self, return_vals: Any) -> Any:
        return f"<{return_vals}>"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_task._Installed, "runner", None)
    install_container_runner(Runner())


def made(kind: type[ContainerTask] = ContainerTask, **more: Any) -> ContainerTask:
    return kind(
        "greet", "alpine:3.20", ["say", "{{.inputs.name}}"], arguments=["--n", "{{.inputs.n}}"],
        inputs={"name": str, "n": int}, outputs={"said": str}, **more,
    )  # fmt: skip


def test_it_says_what_it_is() -> None:
    task = made(metadata_format="YAML", input_data_dir="/in")
    assert task.source_file == __file__
    assert [(each.name, each.annotation) for each in task.native_interface.inputs] == [("name", str), ("n", int)]
    assert task.container_args(None) == ["say", "{{.inputs.name}}", "--n", "{{.inputs.n}}"]
    loading = task.data_loading_config(None)
    assert (loading.enabled, loading.input_path, loading.output_path) == (True, "/in", "/var/outputs")
    assert (loading.format, loading.file_input_layout) == ("YAML", "DIRECT")
    assert (task.config(None), task.custom_config(None), task.sql(None)) == ({}, {}, None)


@pytest.mark.usefixtures("runner")
def test_a_call_outside_of_runs_is_pre_execute_and_post() -> None:
    task = made(Careful)
    TaskEnvironment.from_task("env", task)
    assert asyncio.run(task("you", 1)) == "<greet {'name': 'you', 'n': 7}>"
    assert asyncio.run(task.aio(name="you", n=1)) == "<greet {'name': 'you', 'n': 7}>"
    assert asyncio.run(task.forward("you", n=1)) == "<greet {'name': 'you', 'n': 7}>"
    assert asyncio.run(task.execute(name="you", n=1)) == "greet {'name': 'you', 'n': 1}"


@pytest.mark.usefixtures("runner")
def test_inputs_that_are_not_those_of_the_task_are_refused() -> None:
    with pytest.raises(TypeError, match="other"):
        asyncio.run(made().forward("you", 1, other=1))


def test_where_nothing_runs_containers_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_task._Installed, "runner", None)
    with pytest.raises(NotReadyError, match="greet is a container"):
        asyncio.run(made().forward("you", 1))
