"""Tasks that are a command in a container: their inputs as files, and their outputs out of files.

What stands in the files, and in the command for ``{{.inputs.NAME}}``, is text, as Flyte's copilot writes it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flyteidl2.core.literals_pb2 import Blob, BlobMetadata, Literal, Primitive, Scalar
from flyteidl2.core.tasks_pb2 import DataLoadingConfig
from flyteidl2.core.types_pb2 import LiteralType, SimpleType
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs

from flytectl_py.errors import FlyteError
from flytectl_py.machine.executors.api import CannotStartError, Launch
from flytectl_py.runtime.places import Places, local_path

_TEMPLATE = re.compile(r"\{\{\s*\.inputs\.(\w+)\s*\}\}", re.IGNORECASE)
_FORMATS = {DataLoadingConfig.JSON: "json", DataLoadingConfig.YAML: "yaml", DataLoadingConfig.PROTO: "pb"}


class BadOutputError(FlyteError):
    """What a command left is not what it declares to return."""


def is_raw(spec: Any) -> bool:
    """Whether a TaskSpec is of such a task."""
    template = spec.task_template
    return bool(template.WhichOneof("target") == "container" and template.container.data_config.enabled)


async def staged(launch: Launch, spec: Any, inputs_uri: str, folder: Path) -> Launch:
    """Return the launch with its inputs in place, below `folder`.

    :raises CannotStartError: an input is missing or cannot be fetched.
    """
    return await asyncio.to_thread(_stage, launch, spec, inputs_uri, folder)


async def collect(spec: Any, output_uri: str, folder: Path) -> None:
    """Write outputs.pb from the files that the command left below `folder`, and remove that.

    :raises BadOutputError: one is not there, or not of its type.
    """
    await asyncio.to_thread(_collect, spec, output_uri, folder)


def _stage(launch: Launch, spec: Any, inputs_uri: str, folder: Path) -> Launch:
    config = spec.task_template.container.data_config
    into, out = folder / "inputs", folder / "outputs"
    shutil.rmtree(folder, ignore_errors=True)
    into.mkdir(parents=True)
    out.mkdir()
    out.chmod(0o777)  # the image's user may be anybody
    places = Places(os.environ)
    try:
        inputs = Inputs.FromString(places.read(inputs_uri))
        texts = {each.name: _text(each.value) for each in inputs.literals}
        for each in inputs.literals:
            _write(each, into, places, named=config.file_input_layout == DataLoadingConfig.NAMED_DIR)
    except FlyteError as error:
        raise CannotStartError(f"the inputs of the command cannot be had: {error}") from error
    finally:
        places.close()
    summary = into / f"inputs.{_FORMATS[config.format]}"
    # JSON is YAML, too.
    content = inputs.SerializeToString() if config.format == DataLoadingConfig.PROTO else json.dumps(texts).encode()
    summary.write_bytes(content)
    return replace(
        launch,
        command=tuple(_filled(launch.command, texts)),
        folders={config.input_path: into, config.output_path: out},
    )


def _write(given: NamedLiteral, into: Path, places: Places, *, named: bool) -> None:
    blob = given.value.scalar.blob if given.value.HasField("scalar") and given.value.scalar.HasField("blob") else None
    if blob is None:
        (into / given.name).write_text(_text(given.value), "utf-8")
        return
    target = into / given.name
    if named:
        target.mkdir()
        target /= blob.uri.rstrip("/").rpartition("/")[2]
    local = local_path(blob.uri)
    if local is not None and local.is_dir():
        shutil.copytree(local, target, dirs_exist_ok=True)
    elif local is not None:
        shutil.copyfile(local, target)
    else:
        places.download(blob.uri, target)


def _filled(words: tuple[str, ...], texts: Mapping[str, str]) -> Iterator[str]:
    def value(found: re.Match[str]) -> str:
        if found[1] not in texts:
            raise CannotStartError(
                f"the command asks for the input '{found[1]}', which there is not",
                hint=f"its inputs: {', '.join(texts) or 'none'}",
            )
        return texts[found[1]]

    for word in words:
        yield _TEMPLATE.sub(value, word)


def _text(literal: Literal) -> str:
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return f"[{','.join(_text(each) for each in literal.collection.literals)}]"
    if kind == "map":
        return json.dumps({key: _text(each) for key, each in sorted(literal.map.literals.items())})
    scalar = literal.scalar
    which = scalar.WhichOneof("value")
    if which == "primitive":
        return _text_of(scalar.primitive)
    if which == "union":
        return _text(scalar.union.value)
    if which == "blob":
        return str(scalar.blob.uri)
    return ""


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


def _collect(spec: Any, output_uri: str, folder: Path) -> None:
    left = folder / "outputs"
    places = Places(os.environ)
    literals = []
    try:
        for entry in spec.task_template.interface.outputs.variables:
            literal = _output(entry.key, entry.value.type, left / entry.key, output_uri, places)
            literals.append(NamedLiteral(name=entry.key, value=literal))
        places.write(f"{output_uri}/outputs.pb", Outputs(literals=literals).SerializeToString())
    finally:
        places.close()
    shutil.rmtree(folder, ignore_errors=True)


def _output(name: str, kind: LiteralType, file: Path, output_uri: str, places: Places) -> Literal:
    if not file.exists():
        raise BadOutputError(
            f"the command left no output '{name}': there is no file of that name in its folder for outputs"
        )
    if kind.HasField("blob"):
        uri = f"{output_uri}/raw/{name}"
        local = local_path(uri)
        if local is not None:
            local.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if file.is_dir() else shutil.copyfile)(file, local)
        elif file.is_dir():
            raise BadOutputError(f"the output '{name}' is a folder, and those are kept in stores that are folders only")
        else:
            places.upload(uri, file)
        return Literal(scalar=Scalar(blob=Blob(metadata=BlobMetadata(type=kind.blob), uri=uri)))
    text = file.read_text("utf-8")
    try:
        return Literal(scalar=Scalar(primitive=_primitive(kind.simple, text)))
    except (ValueError, KeyError) as error:
        wanted = SimpleType.Name(kind.simple).lower() if kind.HasField("simple") else "one that a file can hold"
        raise BadOutputError(f"the output '{name}' is {text[:60]!r}, and its type is {wanted}") from error


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
