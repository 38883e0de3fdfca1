"""The fields of a task's specification by the names that people know them by: ``resources.cpu``, ``env_vars.DEBUG``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.wire.rendering import as_json, comparable

if TYPE_CHECKING:
    from flyteidl2.task import task_definition_pb2

# The first that fits counts; what none fits goes by the path of its field.
_NAMES: Final = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"task_template\.container\.image", "image"),
        (r"task_template\.metadata\.code_bundle_uri", "code"),
        (r"task_template\.container\.args", "command line"),
        (r"task_template\.container\.resources\.requests\.", "resources."),
        (r"task_template\.container\.resources\.limits\.", "resource limits."),
        (r"task_template\.extended_resources\.", "resources."),
        (r"task_template\.container\.env\.", "env_vars."),
        (r"task_template\.container\.", "container."),
        (r"task_template\.k8s_pod\.pod_spec\.", "pod."),
        (r"task_template\.k8s_pod\.", "pod."),
        (r"task_template\.metadata\.retries\.retries", "retries"),
        (r"task_template\.metadata\.discoverable", "cache"),
        (r"task_template\.metadata\.discovery_version", "cache version"),
        (r"task_template\.metadata\.cache_serializable", "cache one at a time"),
        (r"task_template\.metadata\.cache_ignore_input_vars", "cache ignored inputs"),
        (r"task_template\.metadata\.generates_deck", "report"),
        (r"task_template\.metadata\.", ""),
        (r"task_template\.interface\.inputs\.variables\.", "inputs."),
        (r"task_template\.interface\.outputs\.variables\.", "outputs."),
        (r"task_template\.security_context\.secrets\.", "secrets."),
        (r"task_template\.", ""),
        (r"default_inputs\.", "default inputs."),
        (r"documentation\.short_description", "short description"),
        (r"documentation\.long_description\.value", "long description"),
        (r"environment\.name", "environment"),
    )
)
# What stands between a name and its value in the protocol only.
_INNER: Final = re.compile(r"\.(?:value|var|parameter|scalar|primitive|type|simple|literal|\w+_value)(?=\.|$)")
_LOWER: Final = re.compile(r"^(resources|resource limits)\.[A-Z_]+")


def fields_of(spec: task_definition_pb2.TaskSpec) -> dict[str, Any]:
    """Return the content of a specification, flat: text, numbers and lists by name.

    What is no part of the content, such as where it goes, is left out: see `rendering.content_of`.
    """
    found: dict[str, Any] = {}
    _flatten("", as_json(comparable(spec)), found)
    return found


def _flatten(path: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            _flatten(f"{path}.{key}" if path else key, each, found)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for number, each in enumerate(value):
            label = next((str(each[name]) for name in ("name", "key") if each.get(name)), str(number))
            rest = {name: inner for name, inner in each.items() if name not in ("name", "key") or inner != label}
            _flatten(f"{path}.{label}", rest or label, found)
    elif value not in ({}, []):  # What is empty says nothing.
        name = _name(path)
        number = 1
        while name in found:  # Two that are told apart only by what stands between.
            number += 1
            name = f"{_name(path)} ({number})"
        found[name] = value


def _name(path: str) -> str:
    for pattern, name in _NAMES:
        if match := pattern.match(path):
            path = name + path[match.end() :]
            break
    path = _INNER.sub("", path)
    return _LOWER.sub(lambda match: match[0].lower(), path)
