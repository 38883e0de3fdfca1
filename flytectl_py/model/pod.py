"""Pod templates: the parts of a Kubernetes pod that go beyond resources and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flytectl_py.errors import DeclarationError

if TYPE_CHECKING:
    # Of the `kubernetes` package, whose class is recognised by its shape and never imported here.
    from kubernetes.client import V1PodSpec  # type: ignore[import-not-found, import-untyped, unused-ignore]


@dataclass(frozen=True)
class PodTemplate:
    """What a task's pod is made from.

    :param pod_spec: a ``kubernetes.client.V1PodSpec``, or the same as a dict with Kubernetes' own field names; None is
        a pod with the primary container only.
    :param primary_container_name: the container in which the task runs.
    :param labels: of the pod. :param annotations: of the pod.
    :raises DeclarationError: a value that is not allowed.
    """

    pod_spec: V1PodSpec | dict[str, Any] | None = None
    primary_container_name: str = "primary"
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.pod_spec is not None and not isinstance(self.pod_spec, dict) and not _is_client_object(self.pod_spec):
            raise DeclarationError("PodTemplate(pod_spec=…)", self.pod_spec, "give a V1PodSpec, a dict, or None")
        if not isinstance(self.primary_container_name, str) or not self.primary_container_name:
            raise DeclarationError("PodTemplate(primary_container_name=…)", self.primary_container_name, "give a name")
        for parameter, value in (("labels", self.labels), ("annotations", self.annotations)):
            if value is not None and not _is_text_map(value):
                raise DeclarationError(f"PodTemplate({parameter}=…)", value, "names and values are text")
        if not self.labels and not self.annotations:
            return
        from flytectl_py.model.kubernetes import wrong_annotation, wrong_label

        for parameter, wrong in (
            ("labels", wrong_label(self.labels or {})),
            ("annotations", wrong_annotation(self.annotations or {})),
        ):
            if wrong is not None:
                raise DeclarationError(f"PodTemplate({parameter}=…)", wrong[0], wrong[1])

    def to_k8s_pod(self) -> dict[str, Any]:
        """Return the template as plain values.

        ``metadata`` has ``labels`` and ``annotations``, ``pod_spec`` the spec with Kubernetes' own field names, and
        ``primary_container_name`` says which container is the task's.
        """
        spec: Any = self.pod_spec
        if spec is None:
            spec = {"containers": [{"name": self.primary_container_name}]}
        return {
            "metadata": {"labels": dict(self.labels or {}), "annotations": dict(self.annotations or {})},
            "pod_spec": _plain(spec),
            "primary_container_name": self.primary_container_name,
        }


def _plain(value: Any) -> Any:
    # The client's classes name their attributes in snake_case and keep Kubernetes' spelling in `attribute_map`.
    if _is_client_object(value):
        fields = {name: getattr(value, attribute) for attribute, name in value.attribute_map.items()}
        return {name: _plain(field) for name, field in fields.items() if field is not None}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _is_client_object(value: object) -> bool:
    return not isinstance(value, type) and isinstance(getattr(value, "attribute_map", None), dict)


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for pair in value.items() for each in pair)
