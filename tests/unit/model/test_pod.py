"""Pod templates as plain values."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.pod import PodTemplate


class Container:
    """Has the shape of the classes of the Kubernetes client."""

    attribute_map = {"name": "name", "image_pull_policy": "imagePullPolicy", "env": "env"}

    def __init__(
        self, name: str, image_pull_policy: str | None = None, env: list[dict[str, str]] | None = None
    ) -> None:
        self.name, self.image_pull_policy, self.env = name, image_pull_policy, env


class PodSpec:
    attribute_map = {"containers": "containers", "node_selector": "nodeSelector"}

    def __init__(self, containers: list[Container], node_selector: dict[str, Any] | None = None) -> None:
        self.containers, self.node_selector = containers, node_selector


def test_the_default_is_the_primary_container() -> None:
    assert PodTemplate().to_k8s_pod() == {
        "metadata": {"labels": {}, "annotations": {}},
        "pod_spec": {"containers": [{"name": "primary"}]},
        "primary_container_name": "primary",
    }
    assert PodTemplate(primary_container_name="main").to_k8s_pod()["pod_spec"] == {"containers": [{"name": "main"}]}


def test_labels_and_annotations() -> None:
    pod = PodTemplate(labels={"a": "b"}, annotations={"c": "d"}).to_k8s_pod()
    assert pod["metadata"] == {"labels": {"a": "b"}, "annotations": {"c": "d"}}


def test_a_spec_of_the_kubernetes_client_gets_kubernetes_names() -> None:
    spec: Any = PodSpec([Container("main", "Always", [{"name": "A", "value": "1"}])], {"since": date(2024, 1, 2)})
    expected = {
        "containers": [{"name": "main", "imagePullPolicy": "Always", "env": [{"name": "A", "value": "1"}]}],
        "nodeSelector": {"since": "2024-01-02"},
    }
    assert PodTemplate(spec, "main").to_k8s_pod()["pod_spec"] == expected
    assert PodTemplate(expected, "main").to_k8s_pod()["pod_spec"] == expected


def test_what_it_returns_is_the_callers_own() -> None:
    spec = {"containers": [{"name": "primary"}]}
    PodTemplate(spec).to_k8s_pod()["pod_spec"]["containers"].clear()
    assert spec == {"containers": [{"name": "primary"}]}


@pytest.mark.parametrize(
    "given",
    [
        {"pod_spec": "x"},
        {"pod_spec": PodSpec},
        {"primary_container_name": ""},
        {"labels": {"a": 1}},
        {"annotations": []},
    ],
)
def test_a_wrong_template(given: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError) as caught:
        PodTemplate(**given)
    assert next(iter(given)) in caught.value.parameter
