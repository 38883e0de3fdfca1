"""Tasks that are no function of the user's: a command in a container, with inputs and outputs as files."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flytectl_py.errors import DeclarationError, NotReadyError, did_you_mean
from flytectl_py.model.image import Image
from flytectl_py.model.interface import MISSING, Input, Interface, Output
from flytectl_py.model.registry import calling_place
from flytectl_py.model.resources import Resources
from flytectl_py.model.secret import SecretRequest, secrets_of
from flytectl_py.model.task import MAX_INLINE_IO_BYTES, Task, make_settings

if TYPE_CHECKING:
    from flytectl_py.model.environment import TaskEnvironment

MetadataFormat = Literal["JSON", "YAML", "PROTO"]
FileInputLayout = Literal["DIRECT", "NAMED_DIR"]

_FORMATS = ("JSON", "YAML", "PROTO")
_LAYOUTS = ("DIRECT", "NAMED_DIR")
_SETTINGS: dict[str, Any] = {
    "cache": "disable",
    "retries": 0,
    "timeout": 0,
    "docs": None,
    "pod_template": None,
    "report": False,
    "interruptible": None,
    "max_inline_io_bytes": MAX_INLINE_IO_BYTES,
}


class RawContainer(NamedTuple):
    """What runs in the container, and where its files are. `command` holds the arguments, too."""

    command: tuple[str, ...]
    input_dir: str
    output_dir: str
    metadata_format: MetadataFormat
    file_input_layout: FileInputLayout


class ContainerTask(Task[..., Any]):
    """A command in a container, as a task: inputs are files in `input_data_dir`, outputs files in `output_data_dir`.

    In `command` and `arguments`, ``{{.inputs.NAME}}`` stands for the value of an input. It belongs to the environment
    that ``TaskEnvironment.from_task("NAME", task)`` makes of it, and needs a cluster or ``--engine docker``.

    Example::

        greet = ContainerTask(
            "greet", "alpine:3.20", ["/bin/sh", "-c", "printf 'hello {{.inputs.name}}' > /var/outputs/said"],
            inputs={"name": str}, outputs={"said": str},
        )

    :param name: of the task. :param image: a URI or a `flyte.Image`. :param inputs, outputs: types by name.
    :param metadata_format: in which all inputs stand in one file of `input_data_dir` as well.
    :param local_logs: accepted: what it prints is in the log of its run in any case.
    :param file_input_layout: ``NAMED_DIR`` keeps the names of files: each is in a folder of the input's name.
    :param kwargs: `resources`, `env_vars`, `secrets` and the settings of ``@env.task``.
    :raises DeclarationError: a value that its parameter cannot take.
    """

    def __init__(
        self,
        name: str,
        image: str | Image,
        command: list[str],
        inputs: dict[str, Any] | None = None,
        arguments: list[str] | None = None,
        outputs: dict[str, Any] | None = None,
        input_data_dir: str | Path = "/var/inputs",
        output_data_dir: str | Path = "/var/outputs",
        metadata_format: MetadataFormat = "JSON",
        local_logs: bool = True,
        file_input_layout: FileInputLayout = "DIRECT",
        **kwargs: Any,
    ) -> None:
        del local_logs
        known = ("resources", "env_vars", "secrets", *_SETTINGS)
        for key, value in kwargs.items():
            if key not in known:
                suggestion = did_you_mean(key, known)
                raise DeclarationError(
                    f"ContainerTask({key}=…)", value, f"it takes {', '.join(known)}", suggestion=suggestion
                )
        words = (*_words("command", command), *_words("arguments", arguments or []))
        if not words:
            raise DeclarationError("ContainerTask(command=…)", command, "give a program and its arguments")
        for parameter, chosen, allowed in (
            ("metadata_format", metadata_format, _FORMATS),
            ("file_input_layout", file_input_layout, _LAYOUTS),
        ):
            if chosen not in allowed:
                raise DeclarationError(f"ContainerTask({parameter}=…)", chosen, f"give {' or '.join(allowed)}")
        self.image = image
        self.resources: Resources | None = kwargs.pop("resources", None)
        self.env_vars: dict[str, str] | None = kwargs.pop("env_vars", None)
        self.secrets: SecretRequest | None = kwargs.pop("secrets", None)
        secrets_of(self.secrets)
        self.raw = RawContainer(
            words,
            _folder("input_data_dir", input_data_dir),
            _folder("output_data_dir", output_data_dir),
            metadata_format,
            file_input_layout,
        )
        declared = _interface(dict(inputs or {}), dict(outputs or {}))
        function = _function(name, declared)
        super().__init__(function, None, name, make_settings(**{**_SETTINGS, **kwargs}))  # type: ignore[arg-type]
        self.interface = declared

    @property
    def name(self) -> str:
        return self.short_name

    @property
    def environment(self) -> TaskEnvironment:
        """The environment that was made of it.

        :raises DeclarationError: none was.
        """
        if self._environment is None:
            raise DeclarationError(
                f"ContainerTask('{self.short_name}')",
                "no environment",
                f"make one of it: flyte.TaskEnvironment.from_task('NAME', {self.short_name})",
            )
        return self._environment

    @environment.setter
    def environment(self, environment: TaskEnvironment | None) -> None:
        self._environment = environment

    def override(self, **changes: Any) -> Any:
        """Refuse: its settings are those of its declaration."""
        raise DeclarationError(
            f"{self.short_name}.override(…)", changes, "give settings where the ContainerTask is declared"
        )


def _words(parameter: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise DeclarationError(f"ContainerTask({parameter}=…)", given, "give a list of texts")
    return tuple(given)


def _folder(parameter: str, given: str | Path) -> str:
    path = PurePosixPath(given)
    if not path.is_absolute():
        raise DeclarationError(f"ContainerTask({parameter}=…)", str(given), "give an absolute path")
    return str(path)


def _interface(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Interface:
    for name in (*inputs, *outputs):
        if not name.isidentifier():
            raise DeclarationError("ContainerTask(inputs=…, outputs=…)", name, "a name is an identifier of Python")
    types_of_outputs = tuple(outputs.values())
    returns: Any = None
    if types_of_outputs:
        returns = types_of_outputs[0] if len(types_of_outputs) == 1 else tuple[types_of_outputs]  # type: ignore[valid-type]
    return Interface(
        tuple(Input(name, annotation, MISSING, positional=True) for name, annotation in inputs.items()),
        tuple(Output(name, annotation) for name, annotation in outputs.items()),
        returns,
    )


def _function(name: str, declared: Interface) -> Any:
    """Return a function that stands for the container, as if it stood in the user's file."""
    place = calling_place()

    async def run(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise NotReadyError(
            f"the task {name} is a container, and nothing here runs containers",
            hint="flyte run --engine docker …, or a cluster",
        )

    code = run.__code__.replace(co_filename=place.file, co_firstlineno=place.line, co_name=name)
    made: Any = types.FunctionType(code, run.__globals__, name, closure=run.__closure__)
    made.__module__, made.__qualname__ = place.module, name
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    made.__signature__ = inspect.Signature(
        [inspect.Parameter(each.name, kind, annotation=each.annotation) for each in declared.inputs],
        return_annotation=declared.returns,
    )
    return made
