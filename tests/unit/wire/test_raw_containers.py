"""A command in a container, as a cluster is sent it."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToDict

from flytectl_py.errors import DeclarationError
from flytectl_py.model.container_task import ContainerTask
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.files import File
from flytectl_py.model.resources import Resources
from flytectl_py.wire.submission import Submission
from flytectl_py.wire.task_spec import task_spec

# As the client of Flyte 2.12.1 sends it.
CONTAINER = {
    "image": "alpine:3.18",
    "args": ["/bin/sh", "-c", "echo {{.inputs.name}} > /var/outputs/greeting", "--name", "{{.inputs.name}}"],
    "resources": {"requests": [{"name": "CPU", "value": "1"}, {"name": "MEMORY", "value": "128Mi"}]},
    "env": [{"key": "A", "value": "b"}, {"key": "_F_SYS_PATH", "value": "./."}],
    "data_config": {"enabled": True, "input_path": "/var/inputs", "output_path": "/var/outputs"},
}
INTERFACE = {
    "inputs": {
        "variables": [
            {"key": "f", "value": {"type": {"blob": {}}}},
            {"key": "n", "value": {"type": {"simple": "INTEGER"}}},
            {"key": "name", "value": {"type": {"simple": "STRING"}}},
        ]
    },
    "outputs": {
        "variables": [
            {"key": "greeting", "value": {"type": {"simple": "STRING"}}},
            {"key": "k", "value": {"type": {"simple": "INTEGER"}}},
            {"key": "out", "value": {"type": {"blob": {}}}},
        ]
    },
}


def _greet(**more: object) -> ContainerTask:
    return ContainerTask(
        "greet",
        "alpine:3.18",
        ["/bin/sh", "-c", "echo {{.inputs.name}} > /var/outputs/greeting"],
        inputs={"name": str, "n": int, "f": File},
        arguments=["--name", "{{.inputs.name}}"],
        outputs={"greeting": str, "out": File, "k": int},
        resources=Resources(cpu=1, memory="128Mi"),
        env_vars={"A": "b"},
        retries=2,
        **more,  # type: ignore[arg-type]
    )


def _submission() -> Submission:
    return Submission(
        project="p", domain="d", org="o", version="v1", image="alpine:3.18", image_cache={}, sys_path=("./.",)
    )


def test_it_is_what_a_cluster_knows() -> None:
    task = _greet()
    TaskEnvironment.from_task("cenv", task)
    spec = MessageToDict(task_spec(task, _submission()), preserving_proto_field_name=True)
    template = spec["task_template"]
    assert template["container"] == CONTAINER
    assert template["interface"] == INTERFACE
    assert (template["type"], template["id"]["name"], spec["short_name"]) == ("raw-container", "greet", "greet")
    assert (spec["environment"]["name"], template["metadata"]["retries"]) == ("cenv", {"retries": 2})
    assert "debuggable" not in template["metadata"]


def test_formats_and_layouts() -> None:
    task = _greet(metadata_format="YAML", file_input_layout="NAMED_DIR", input_data_dir="/in", output_data_dir="/out")
    TaskEnvironment.from_task("cenv", task)
    spec = MessageToDict(task_spec(task, _submission()), preserving_proto_field_name=True)
    assert spec["task_template"]["container"]["data_config"] == {
        "enabled": True,
        "input_path": "/in",
        "output_path": "/out",
        "format": "YAML",
        "file_input_layout": "NAMED_DIR",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metadata_format": "XML"}, "metadata_format"),
        ({"input_data_dir": "in"}, "absolute"),
        ({"retires": 1}, "did you mean 'retries'"),
    ],
)
def test_wrong_declarations(given: dict[str, object], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        ContainerTask("greet", "alpine:3.18", ["true"], **given)  # type: ignore[arg-type]


def test_it_needs_an_environment_and_one_image() -> None:
    with pytest.raises(DeclarationError, match="from_task"):
        _ = _greet().environment
    with pytest.raises(DeclarationError, match="one image"):
        TaskEnvironment.from_task("two", _greet(), ContainerTask("other", "debian:12", ["true"]))


class Tagged(ContainerTask):
    """A task whose cluster has a plugin for it."""

    def container_args(self, sctx: Submission) -> list[str]:
        return [*super().container_args(sctx), "--version", sctx.version]

    def config(self, sctx: Submission) -> dict[str, str]:
        return {"queue": sctx.project}

    def custom_config(self, sctx: Submission) -> dict[str, object]:
        return {"workers": 3}


class Query(ContainerTask):
    """A task that is a statement."""

    def sql(self, sctx: Submission) -> str:
        return f"SELECT 1 -- {sctx.version}"


def test_a_subclass_says_more() -> None:
    task = Tagged("tagged", "alpine:3.18", ["run"])
    TaskEnvironment.from_task("cenv", task)
    template = MessageToDict(task_spec(task, _submission()).task_template, preserving_proto_field_name=True)
    assert template["container"]["args"] == ["run", "--version", "v1"]
    assert (template["config"], template["custom"]) == ({"queue": "p"}, {"workers": 3.0})


def test_a_statement_is_sent_in_place_of_a_container() -> None:
    task = Query("query", "alpine:3.18", ["run"])
    TaskEnvironment.from_task("cenv", task)
    template = task_spec(task, _submission()).task_template
    assert template.WhichOneof("target") == "sql"
    assert template.sql.statement == "SELECT 1 -- v1"
