"""What a command in a container reads and writes: its inputs and outputs as text, as Flyte's copilot has them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from flyteidl2.core.literals_pb2 import Blob, BlobMetadata, Literal, Primitive, Scalar
from flyteidl2.core.tasks_pb2 import DataLoadingConfig
from flyteidl2.core.types_pb2 import LiteralType, SimpleType
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs

from flytectl_py.errors import UsageError
from flytectl_py.model.interface import Interface
from flytectl_py.wire.inputs import inputs_message, returned_value
from flytectl_py.wire.interfaces import typed_interface

_TEMPLATE = re.compile(r"\{\{\s*\.inputs\.(\w+)\s*\}\}", re.IGNORECASE)
_SUFFIXES: Final = {DataLoadingConfig.JSON: "json", DataLoadingConfig.YAML: "yaml", DataLoadingConfig.PROTO: "pb"}


class CommandInputs(NamedTuple):
    """What a command is given: the text of each input by name, and the file with all of them."""

    texts: dict[str, str]
    summary: str
    content: bytes


def command_inputs(interface: Interface, values: Mapping[str, Any], form: str) -> CommandInputs:
    """Return what a command is given for values; files stay where they are.

    :param form: of the file with all of them, ``JSON``, ``YAML`` or ``PROTO``.
    :raises BadValue: values that are missing, unknown, or not of their annotations.
    """
    message = inputs_message(interface, values)
    return CommandInputs(texts_of(message), *summary_of(message, DataLoadingConfig.LiteralMapFormat.Value(form)))


def command_outputs(interface: Interface, text: Callable[[str], str], path: Callable[[str], str]) -> Any:
    """Return what a command has returned, as a task returns it.

    :param text: returns the text of an output by name. :param path: likewise, where one that is a file or folder is.
    :raises UsageError: a text is none of the type of its output.
    """
    literals = []
    for entry in typed_interface(interface).outputs.variables:
        kind = entry.value.type
        if kind.HasField("blob"):
            blob = Blob(metadata=BlobMetadata(type=kind.blob), uri=path(entry.key))
            literals.append(NamedLiteral(name=entry.key, value=Literal(scalar=Scalar(blob=blob))))
        else:
            literal = literal_of(entry.key, kind, text(entry.key))
            literals.append(NamedLiteral(name=entry.key, value=literal))
    return returned_value(interface, Outputs(literals=literals))


def texts_of(inputs: Inputs) -> dict[str, str]:
    """Return the text of each input, by name."""
    return {each.name: text_of(each.value) for each in inputs.literals}


def summary_of(inputs: Inputs, form: Any) -> tuple[str, bytes]:
    """Return name and content of the file with all inputs, in a LiteralMapFormat."""
    # JSON is YAML, too.
    whole = form == DataLoadingConfig.PROTO
    content = inputs.SerializeToString() if whole else json.dumps(texts_of(inputs)).encode()
    return f"inputs.{_SUFFIXES[form]}", content


def filled(words: Iterable[str], texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of a command with the texts of inputs in place of ``{{.inputs.NAME}}``.

    :raises UsageError: there is no such input.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in texts:
            raise UsageError(
                f"the command asks for the input '{found[1]}', which there is not",
                hint=f"its inputs: {', '.join(texts) or 'none'}",
            )
        return texts[found[1]]

    return tuple(_TEMPLATE.sub(value, word) for word in words)


def text_of(literal: Literal) -> str:
    """Return the text of a value."""
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return f"[{','.join(text_of(each) for each in literal.collection.literals)}]"
    if kind == "map":
        return json.dumps({key: text_of(each) for key, each in sorted(literal.map.literals.items())})
    scalar = literal.scalar
    which = scalar.WhichOneof("value")
    if which == "primitive":
        return _text_of(scalar.primitive)
    if which == "union":
        return text_of(scalar.union.value)
    if which == "blob":
        return str(scalar.blob.uri)
    return ""


def literal_of(name: str, kind: LiteralType, text: str) -> Literal:
    """Return the value of the output `name` from the text of its file.

    :raises UsageError: it is none of that type.
    """
    try:
        return Literal(scalar=Scalar(primitive=_primitive(kind.simple, text)))
    except (ValueError, KeyError) as error:
        wanted = SimpleType.Name(kind.simple).lower() if kind.HasField("simple") else "one that a file can hold"
        raise UsageError(f"the output '{name}' is {text[:60]!r}, and its type is {wanted}") from error


def _text_of(primitive: Any) -> str:
    which = primitive.WhichOneof("value")
    value = getattr(primitive, which)
    if which == "boolean":
        return "true" if value else "false"
    if which == "datetime":
        return str(value.ToJsonString())
    if which == "duration":
        return f"{value.ToTimedelta().total_seconds():g}s"
    return f"{value:g}" if which == "float_value" and value == int(value) else str(value)


def _primitive(kind: Any, text: str) -> Primitive:
    # Who writes with `echo` means the line without its end.
    line = text.removesuffix("\n").removesuffix("\r")
    if kind == SimpleType.STRING:
        return Primitive(string_value=line)
    if kind == SimpleType.INTEGER:
        return Primitive(integer=int(line))
    if kind == SimpleType.FLOAT:
        return Primitive(float_value=float(line))
    if kind == SimpleType.BOOLEAN:
        return Primitive(boolean={"true": True, "false": False}[line.strip().lower()])
    if kind == SimpleType.DATETIME:
        made = Primitive()
        made.datetime.FromDatetime(datetime.fromisoformat(line))
        return made
    raise KeyError(kind)
