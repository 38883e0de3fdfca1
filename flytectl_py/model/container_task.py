"""Tasks that are no function of the user's: a command in a container, with inputs and outputs as files."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from flytectl_py.errors import DeclarationError, NotReadyError, did_you_mean
from flytectl_py.model.image import Image
from flytectl_py.model.interface import MISSING, Input, Interface, Output
from flytectl_py.model.registry import calling_place
from flytectl_py.model.resources import Resources
from flytectl_py.model.secret import SecretRequest, secrets_of
from flytectl_py.model.task import MAX_INLINE_IO_BYTES, Task, make_settings

if TYPE_CHECKING:
    from flytectl_py.model.environment import TaskEnvironment

Format = Literal["JSON", "YAML", "PROTO"]
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
    metadata_format: Format
    file_input_layout: FileInputLayout


class DataLoading(NamedTuple):
    """How the files of a command come into its container and out of it: absolute folders, and the form of the rest."""

    enabled: bool
    input_path: str
    output_path: str
    format: Format
    file_input_layout: FileInputLayout


class ContainerRunner(Protocol):
    """What runs a command in a container of this machine."""

    async def run(self, task: ContainerTask, inputs: Mapping[str, Any]) -> Any:
        """Return what the command left as its outputs, as a task returns them.

        :raises NotReadyError: there is nothing here that runs its image.
        :raises RuntimeUserError: the command failed, or left an output out.
        """


class _Installed:
    # One for the process, as threads start with an empty context.
    runner: ContainerRunner | None = None


def install_container_runner(runner: ContainerRunner) -> None:
    """Let `runner` run the commands that are called in this process."""
    _Installed.runner = runner


class ContainerTask(Task[..., Any]):
    """A command in a container, as a task: inputs are files in `input_data_dir`, outputs files in `output_data_dir`.

    In `command` and `arguments`, ``{{.inputs.NAME}}`` stands for the value of an input. It belongs to the environment
    that ``TaskEnvironment.from_task("NAME", task)`` makes of it. A cluster and ``--engine docker`` run it as any other
    task; elsewhere a call of it runs the command by ``docker run``, where `image` needs no build.

    A subclass may say more of what a cluster is sent (`config`, `container_args`, `custom_config`,
    `data_loading_config`, `sql`), and what happens around a call here (`pre`, `execute`, `post`).

    Example::

        greet = ContainerTask(
            "greet", "alpine:3.20", ["/bin/sh", "-c", "printf 'hello {{.inputs.name}}' > /var/outputs/said"],
            inputs={"name": str}, outputs={"said": str},
        )

    :param name: of the task. :param image: a URI or a `flyte.Image`. :param inputs, outputs: types by name.
    :param metadata_format: in which all inputs stand in one file of `input_data_dir` as well.
    :param local_logs: whether what it prints is shown where a call runs it here; in a run's log it is in any case.
    :param file_input_layout: ``NAMED_DIR`` keeps the names of files: each is in a folder of the input's name.
    :param kwargs: `resources`, `env_vars`, `secrets` and the settings of ``@env.task``.
    :raises DeclarationError: a value that its parameter cannot take.
    """

    MetadataFormat = Format

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
        metadata_format: Format = "JSON",
        local_logs: bool = True,
        file_input_layout: FileInputLayout = "DIRECT",
        **kwargs: Any,
    ) -> None:
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
        self.local_logs = local_logs
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
        function = _function(self, name, declared)
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

    @property
    def native_interface(self) -> Interface:
        """Inputs and outputs with their types in Python."""
        return self.interface

    @property
    def source_file(self) -> str:
        """The absolute path of the file that declares it."""
        return str(self.func.__code__.co_filename)

    # -- what a cluster is sent; `sctx` is what is known of the deployment: project, domain, version, image, …

    def container_args(self, sctx: Any) -> list[str]:
        """Return the words that the container runs, with ``{{.inputs.NAME}}`` as it was given."""
        del sctx
        return list(self.raw.command)

    def data_loading_config(self, sctx: Any) -> DataLoading:
        """Return where inputs and outputs are files, and in which form."""
        del sctx
        raw = self.raw
        return DataLoading(
            enabled=True, input_path=raw.input_dir, output_path=raw.output_dir, format=raw.metadata_format,
            file_input_layout=raw.file_input_layout,
        )  # fmt: skip

    def config(self, sctx: Any) -> dict[str, str]:
        """Return settings of the task for the cluster, by name: none, unless a subclass has some."""
        del sctx
        return {}

    def custom_config(self, sctx: Any) -> dict[str, Any]:
        """Return JSON-able data of the task for a plugin of the cluster: none, unless a subclass has some."""
        del sctx
        return {}

    def sql(self, sctx: Any) -> str | None:
        """Return the statement of a task that is one, which then is what runs; None for a command."""
        del sctx
        return None

    # -- what a call here does; a cluster runs the command and nothing of this

    async def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command here, whatever else is running: `pre`, `execute`, `post`. Raises as `execute`."""
        return self.post(await self.execute(**self.pre(*args, **kwargs)))

    def pre(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the inputs of `execute` by name; `args` are in the order in which they are declared.

        :raises TypeError: they are not those of the task.
        """
        return dict(inspect.signature(self.func).bind(*args, **kwargs).arguments)

    async def execute(self, **kwargs: Any) -> Any:
        """Run the command in a container of this machine, and return its outputs: nothing, a value, or a tuple.

        :raises NotReadyError: nothing here runs its image.
        :raises RuntimeUserError: the command failed, or left an output out.
        """
        if _Installed.runner is None:
            raise NotReadyError(
                f"the task {self.short_name} is a container, and nothing here runs containers",
                hint="import it from flyte.extras; or flyte run --engine docker …, or a cluster",
            )
        return await _Installed.runner.run(self, kwargs)

    def post(self, return_vals: Any) -> Any:
        """Return what the call returns, from what `execute` did."""
        return return_vals

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


def _function(task: ContainerTask, name: str, declared: Interface) -> Any:
    """Return a function that stands for the container, as if it stood in the user's file."""
    place = calling_place()

    async def run(*args: Any, **kwargs: Any) -> Any:
        return await task.forward(*args, **kwargs)

    code = run.__code__.replace(co_filename=place.file, co_firstlineno=place.line, co_name=name)
    made: Any = types.FunctionType(code, run.__globals__, name, closure=run.__closure__)
    made.__module__, made.__qualname__ = place.module, name
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    made.__signature__ = inspect.Signature(
        [inspect.Parameter(each.name, kind, annotation=each.annotation) for each in declared.inputs],
        return_annotation=declared.returns,
    )
    return made
