"""Messages as JSON with their own field names, and what of a specification is its content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from flyteidl2.task import task_definition_pb2
from google.protobuf.json_format import MessageToDict

from flytectl_py.wire.arguments import IMAGE_CACHE, image_cache_text

if TYPE_CHECKING:
    from google.protobuf.message import Message


def as_json(message: Message) -> dict[str, Any]:
    """Return a message by protobuf's own mapping to JSON, fields by the names that they are declared with."""
    return cast("dict[str, Any]", MessageToDict(message, preserving_proto_field_name=True))


def content_of(spec: task_definition_pb2.TaskSpec) -> bytes:
    """Return what of a specification a version stands for, the same on every machine.

    Left out are who made it (the runtime's version, the link to a commit) and where it goes: project, domain,
    organisation, version, and the address of the bundle but for its file's name.
    """
    return bytes(comparable(spec).SerializeToString(deterministic=True))


def differing_fields(one: task_definition_pb2.TaskSpec, other: task_definition_pb2.TaskSpec) -> list[str]:
    """Return the fields in which the content of two specifications differs, by path, sorted; none if it is the same."""
    found: list[str] = []
    _compare("", as_json(comparable(one)), as_json(comparable(other)), found)
    return sorted(found)


def comparable(spec: task_definition_pb2.TaskSpec) -> task_definition_pb2.TaskSpec:
    """Return a copy that holds only what `content_of` counts."""
    made = task_definition_pb2.TaskSpec()
    made.CopyFrom(spec)
    template = made.task_template
    template.ClearField("id")
    template.metadata.runtime.ClearField("version")
    made.documentation.ClearField("source_code")
    address = template.metadata.code_bundle_uri
    template.metadata.code_bundle_uri = address.rpartition("/")[2]
    if template.HasField("k8s_pod"):
        for container in template.k8s_pod.pod_spec["containers"]:
            if "args" in container.fields:
                values = container.fields["args"].list_value.values
                for value, text in zip(
                    values, _arguments([each.string_value for each in values], address), strict=True
                ):
                    value.string_value = text
    else:
        args = _arguments(template.container.args, address)
        del template.container.args[:]
        template.container.args.extend(args)
    return made


def _arguments(given: Sequence[str], address: str) -> list[str]:
    """Return a command line without the bundle, which the metadata names, and with the table of images as text."""
    made = ["" if address and each == address else each for each in given]
    if IMAGE_CACHE in made[:-1]:
        at = made.index(IMAGE_CACHE) + 1
        made[at] = image_cache_text(made[at])
    return made


def _compare(path: str, one: Any, other: Any, found: list[str]) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {*one, *other}:
            _compare(f"{path}.{key}" if path else key, one.get(key), other.get(key), found)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            _compare(f"{path}[{index}]", left, right, found)
    elif one != other:
        found.append(path)
