"""The names of ``flytekit.clis.sdk_in_container.serialize``: tasks of this project as files that Flyte 1 registers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.compat.flytekit_v1.configuration import (
    DEFAULT_INTERPRETER,
    FastSerializationSettings,
    ImageConfig,
    SerializationSettings,
)
from flytectl_py.compat.flytekit_v1.fast_registration import FastPackageOptions, fast_package
from flytectl_py.compat.flytekit_v1.options import Options
from flytectl_py.errors import ConflictError, NotReadyError, UsageError

if TYPE_CHECKING:
    from flytectl_py.compat.flytekit_v1.packages import Packages
    from flytectl_py.model.task import Task

__all__ = [
    "CTX_ENV",
    "CTX_FLYTEKIT_VIRTUALENV_ROOT",
    "CTX_IMAGE",
    "CTX_LOCAL_SRC_ROOT",
    "CTX_PACKAGES",
    "CTX_PYTHON_INTERPRETER",
    "Enum",
    "FastPackageOptions",
    "FastSerializationSettings",
    "ImageConfig",
    "SerializationMode",
    "SerializationSettings",
    "fast_package",
    "key_value_callback",
    "serialize_all",
    "serialize_to_folder",
]

CTX_PACKAGES = "pkgs"
CTX_IMAGE = "image"
CTX_LOCAL_SRC_ROOT = "local_source_root"
CTX_FLYTEKIT_VIRTUALENV_ROOT = "flytekit_virtualenv_root"
CTX_PYTHON_INTERPRETER = "python_interpreter"
CTX_ENV = "env"

INSTALL = "pip install 'flytectl-py[v1]'"


class SerializationMode(Enum):
    """Whether code is in the image, or travels besides it."""

    DEFAULT = 0
    FAST = 1


class Written(NamedTuple):
    """One file. `kind` is ``task``, ``workflow`` or ``launch plan``."""

    name: str
    kind: str
    path: Path


def key_value_callback(_: Any, param: Any, values: Sequence[str] | None) -> dict[str, str] | None:
    """Return what options of the form ``key=value`` say, or None where there are none.

    :raises UsageError: one has no ``=``.
    """
    if not values:
        return None
    found = {}
    for each in values:
        key, separator, value = each.partition("=")
        if not separator:
            raise UsageError(f"{param}: got '{each}'; it takes KEY=VALUE", where=str(param))
        found[key] = value
    return found


def serialize_all(
    pkgs: list[str] | None = None,
    local_source_root: str | None = None,
    folder: str | None = None,
    mode: SerializationMode | None = None,
    image_config: ImageConfig | None = None,
    flytekit_virtualenv_root: str | None = None,
    python_interpreter: str | None = None,
    config_file: str | None = None,
    env: dict[str, str] | None = None,
) -> list[Written]:
    """Write a task, a workflow and a launch plan for each task of some packages.

    :param pkgs: names of packages or modules. :param local_source_root: the folder they are imported from.
    :param folder: where the files go; the current one unless given. :param mode: by default, code is in the image.
    :param image_config: images by name; by default those of `config_file`.
    :param env: variables of every task; those of its own environment win.
    :raises UsageError: no packages, or no task in them.
    :raises ModuleLoadError: a module of the user's raised while it was loaded.
    :raises NotReadyError: the extra ``v1`` is not installed.
    """
    interpreter = python_interpreter or DEFAULT_INTERPRETER
    settings = SerializationSettings(
        image_config=image_config or ImageConfig.auto(config_file),
        fast_serialization_settings=FastSerializationSettings(enabled=mode is SerializationMode.FAST),
        flytekit_virtualenv_root=flytekit_virtualenv_root,
        python_interpreter=interpreter,
        env=env,
    )
    return serialize_to_folder(pkgs or [], settings, local_source_root, folder or ".")


def serialize_to_folder(
    pkgs: list[str],
    settings: SerializationSettings,
    local_source_root: str | None = None,
    folder: str = ".",
    options: Options | None = None,
) -> list[Written]:
    """Write the files of some packages into a folder, numbered in the order of declaration.

    ``0_app.tasks.load_1.pb`` is a ``flyteidl.admin.TaskSpec``, ``…_2.pb`` a ``WorkflowSpec``, ``…_3.pb`` a
    ``LaunchPlan``.

    :raises UsageError, ModuleLoadError, NotReadyError: as `serialize_all`.
    """
    from flytectl_py.compat.flytekit_v1.packages import load_packages

    root = Path(local_source_root or settings.source_root or os.getcwd()).resolve()
    return write_packages(load_packages(pkgs, root), settings, Path(folder), options)


def write_packages(
    packages: Packages, settings: SerializationSettings, folder: Path, options: Options | None = None
) -> list[Written]:
    """Write the files of packages that are loaded. Nothing is written unless all can be.

    :raises UsageError, ConflictError, DeclarationError: a task that Flyte 1 cannot have.
    :raises NotReadyError: the extra ``v1`` is not installed, or the files cannot be written.
    """
    try:
        from flytectl_py.compat.flytekit_v1 import entities
    except ImportError as error:
        raise NotReadyError(
            f"the messages of Flyte 1 are not installed: no module '{error.name}'", hint=INSTALL
        ) from error
    images = packages.images(settings.image_config, bake_code=not settings.should_fast_serialize())
    made: list[tuple[str, str, int, bytes]] = []
    for task in _distinct(packages.tasks, entities.entity_name):
        name = entities.entity_name(task)
        messages = (
            ("task", entities.task_spec(task, settings, images[task.environment.name])),
            ("workflow", entities.workflow_spec(task, settings)),
            ("launch plan", entities.launch_plan(task, settings, options)),
        )
        for number, (kind, message) in enumerate(messages, start=1):
            made.append((name, kind, number, message.SerializeToString(deterministic=True)))
    return list(_written(made, folder))


def _distinct(tasks: Sequence[Task[..., Any]], name_of: Any) -> Iterator[Task[..., Any]]:
    """Yield the tasks; two that a container could not tell apart are refused."""
    known: dict[str, Task[..., Any]] = {}
    for task in tasks:
        name = name_of(task)
        other = known.setdefault(name, task)
        if other is not task:
            raise ConflictError(
                f"{other.name} and {task.name} are both {name}",
                hint="Flyte 1 knows a task by its module and function: give them different functions",
                where=str(task.environment.place),
            )
        yield task


def _written(made: Sequence[tuple[str, str, int, bytes]], folder: Path) -> Iterator[Written]:
    digits = math.ceil(math.log10(len(made))) if len(made) > 1 else 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for index, (name, kind, number, content) in enumerate(made):
            path = folder / f"{str(index).zfill(digits)}_{name}_{number}.pb"
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            part.replace(path)
            yield Written(name, kind, path)
    except OSError as error:
        raise NotReadyError(
            f"the files cannot be written: {error.strerror or error}", where=str(error.filename or folder)
        ) from error


def as_document(written: Sequence[Written]) -> Mapping[str, Any]:
    """Return what ``--json`` says of files."""
    return {"entities": [{"name": each.name, "kind": each.kind, "file": str(each.path)} for each in written]}
