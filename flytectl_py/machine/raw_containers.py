"""Tasks that are a command in a container: their inputs as files, and their outputs out of files."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flyteidl2.core.literals_pb2 import Blob, BlobMetadata, Literal, Scalar
from flyteidl2.core.tasks_pb2 import DataLoadingConfig
from flyteidl2.core.types_pb2 import LiteralType
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs

from flytectl_py.errors import FlyteError, UsageError
from flytectl_py.machine.executors.api import CannotStartError, Launch
from flytectl_py.runtime.places import Places, local_path
from flytectl_py.wire.command_texts import filled, literal_of, summary_of, text_of, texts_of


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
        texts = texts_of(inputs)
        for each in inputs.literals:
            _write(each, into, places, named=config.file_input_layout == DataLoadingConfig.NAMED_DIR)
    except FlyteError as error:
        raise CannotStartError(f"the inputs of the command cannot be had: {error}") from error
    finally:
        places.close()
    summary, content = summary_of(inputs, config.format)
    (into / summary).write_bytes(content)
    return replace(
        launch,
        command=_filled(launch.command, texts),
        folders={config.input_path: into, config.output_path: out},
    )


def _write(given: NamedLiteral, into: Path, places: Places, *, named: bool) -> None:
    blob = given.value.scalar.blob if given.value.HasField("scalar") and given.value.scalar.HasField("blob") else None
    if blob is None:
        (into / given.name).write_text(text_of(given.value), "utf-8")
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


def _filled(words: tuple[str, ...], texts: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return filled(words, texts)
    except UsageError as error:
        raise CannotStartError(str(error), hint=error.hint) from error


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
    try:
        return literal_of(name, kind, file.read_text("utf-8"))
    except UsageError as error:
        raise BadOutputError(str(error)) from error
