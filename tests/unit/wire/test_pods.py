"""Pod templates: what of the primary container is the task's, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

import flyte
from flytectl_py.errors import DeclarationError
from flytectl_py.wire.pods import pod
from flytectl_py.wire.rendering import as_json


def made(template: flyte.PodTemplate, **more: Any) -> dict[str, Any]:
    given = {"image": "ours:1", "arguments": ["a0"], "env_vars": {"A": "1"}, "resources": None, **more}
    return as_json(pod(template, **given))


def test_a_template_without_a_spec_is_one_container() -> None:
    assert made(flyte.PodTemplate(labels={"a": "b"})) == {
        "metadata": {"labels": {"a": "b"}},
        "pod_spec": {
            "containers": [
                {
                    "name": "primary",
                    "image": "ours:1",
                    "command": [],
                    "args": ["a0"],
                    "env": [{"name": "A", "value": "1"}],
                    "resources": {"requests": {}, "limits": {}},
                }
            ]
        },
    }


def test_what_the_template_says_of_the_primary_container() -> None:
    spec = {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [
            {"name": "side", "image": "side:1"},
            {
                "name": "main",
                "image": "mine:1",
                "command": ["sh"],
                "args": ["x"],
                "env": [{"name": "A", "value": "9"}],
                "resources": {"requests": {"cpu": "7"}, "limits": {"memory": "9Gi"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            },
        ],
    }
    template = flyte.PodTemplate(pod_spec=spec, primary_container_name="main")
    said = made(template, resources=flyte.Resources(cpu=(1, 2), gpu="T4:1"))["pod_spec"]
    assert said["volumes"] == spec["volumes"]
    side, main = said["containers"]
    assert side == {"name": "side", "image": "side:1"}
    assert main == {
        "name": "main",
        "image": "mine:1",
        "command": [],
        "args": ["a0"],
        "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "9"}],
        "resources": {"requests": {"cpu": "1", "gpu": "1"}, "limits": {"memory": "9Gi", "cpu": "2"}},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    assert spec["containers"][1]["args"] == ["x"], "the user's own template stays as it is"


def test_no_containers_at_all_is_the_primary_one() -> None:
    template = flyte.PodTemplate(pod_spec={"containers": []}, primary_container_name="main")
    assert [each["name"] for each in made(template)["pod_spec"]["containers"]] == ["main"]


def test_a_primary_container_that_is_not_there() -> None:
    template = flyte.PodTemplate(pod_spec={"containers": [{"name": "other"}]}, primary_container_name="main")
    with pytest.raises(DeclarationError, match="its containers are other"):
        made(template)


def test_the_clients_classes_and_dicts_are_the_same() -> None:
    client = pytest.importorskip("kubernetes.client")
    with_classes = client.V1PodSpec(
        containers=[client.V1Container(name="primary", env=[client.V1EnvVar(name="B", value="2")])],
        tolerations=[client.V1Toleration(key="gpu", operator="Exists")],
    )
    plain = {
        "containers": [{"name": "primary", "env": [{"name": "B", "value": "2"}]}],
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
    }
    assert made(flyte.PodTemplate(pod_spec=with_classes)) == made(flyte.PodTemplate(pod_spec=plain))
