"""A pod template made into the pod of a task: its primary container runs the task, the rest stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flyteidl2.core import tasks_pb2

from flytectl_py.errors import DeclarationError
from flytectl_py.model.pod import PodTemplate
from flytectl_py.model.resources import Resources
from flytectl_py.wire.resources import pod_resources

PRIMARY_CONTAINER: Final = "primary_container_name"
"""The key of a task's configuration that says which container is the task's."""


def pod(
    template: PodTemplate,
    image: str,
    arguments: Sequence[str],
    env_vars: Mapping[str, str],
    resources: Resources | None,
    where: str = "",
) -> tasks_pb2.K8sPod:
    """Return the pod of a task.

    The primary container gets the task's command, and its variables and resources before those of the template; an
    image that the template names is kept.

    :param where: the place of the declaration, for the error.
    :raises DeclarationError: the template has containers, and none is the primary one.
    """
    plain = template.to_k8s_pod()
    spec: dict[str, Any] = plain["pod_spec"]
    containers: list[dict[str, Any]] = list(spec.get("containers") or [{"name": template.primary_container_name}])
    names = [each.get("name") for each in containers]
    if template.primary_container_name not in names:
        raise DeclarationError(
            "PodTemplate(primary_container_name=…)",
            template.primary_container_name,
            f"its containers are {', '.join(map(str, names))}",
            where=where,
        )
    at = names.index(template.primary_container_name)
    containers[at] = _primary(containers[at], image, arguments, env_vars, pod_resources(resources))
    made = tasks_pb2.K8sPod(
        metadata=tasks_pb2.K8sObjectMetadata(
            labels=plain["metadata"]["labels"], annotations=plain["metadata"]["annotations"]
        )
    )
    made.pod_spec.update({**spec, "containers": containers})
    return made


def _primary(
    container: dict[str, Any],
    image: str,
    arguments: Sequence[str],
    env_vars: Mapping[str, str],
    resources: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    declared = container.get("resources") or {}
    merged = {**declared, **{key: {**(declared.get(key) or {}), **resources[key]} for key in resources}}
    variables = [{"name": name, "value": value} for name, value in env_vars.items()]
    return {
        **container,
        "image": container.get("image") or image,
        "command": [],
        "args": list(arguments),
        "env": [*variables, *(container.get("env") or [])],
        "resources": merged,
    }
