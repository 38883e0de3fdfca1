"""The protocol of an engine: what it is given for a run, and the run that it gives back."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from flytectl_py.bridge import Verb
from flytectl_py.errors import BadInputsError, DeclarationError, RuntimeDataValidationError, did_you_mean
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from pathlib import Path

    from flytectl_py.engines.run_bundle import Bundle
    from flytectl_py.engines.run_plan import RunPlan

Note = Callable[[str], None]
"""Takes one line for the person who watches: a retry, an abandoned thread."""

_RUN_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Phase(StrEnum):
    """How far a run is; one that was only planned is never carried out. A run on this machine knows fewer of them."""

    PLANNED = "planned"
    UNSPECIFIED = "unspecified"
    QUEUED = "queued"
    WAITING_FOR_RESOURCES = "waiting_for_resources"
    INITIALIZING = "initializing"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    RECOVERED = "recovered"
    FAILED = "failed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"


def line_of(task: Task[..., Any]) -> str:
    """Return ``file:line`` of the function of `task`; of its environment where it has none in Python."""
    code = getattr(inspect.unwrap(task.func), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else str(task.environment.place)


class Outputs(tuple[Any, ...]):
    """The values that a task returned, in order: ``outputs[0]`` is ``outputs.o0``. A task may have none."""

    __slots__ = ()

    @classmethod
    def of(cls, task: Task[..., Any], value: Any) -> Outputs:
        """Split what `task` returned into its declared outputs.

        :raises RuntimeDataValidationError: it declares several outputs and did not return a tuple of as many.
        """
        declared = task.interface.outputs
        if len(declared) < 2:
            return cls((value,) if declared else ())
        if not isinstance(value, tuple) or len(value) != len(declared):
            got = f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"
            error = RuntimeDataValidationError(
                "outputs", f"declared are {len(declared)}, returned was {got}", task.name
            )
            error.where = line_of(task)
            raise error
        return cls(value)

    def named(self) -> dict[str, Any]:
        """Return the values by name: ``{"o0": …, "o1": …}``."""
        return {f"o{index}": value for index, value in enumerate(self)}

    def __getattr__(self, name: str) -> Any:
        if name[:1] == "o" and name[1:].isdecimal() and int(name[1:]) < len(self):
            return self[int(name[1:])]
        has = ", ".join(self.named()) or "none"
        raise AttributeError(f"no output '{name}'; the task's outputs are: {has}")

    def __repr__(self) -> str:
        return "Outputs(" + ", ".join(f"{name}={value!r}" for name, value in self.named().items()) + ")"


class RemoteOptions(NamedTuple):
    """What a run on a cluster is given besides; a run on this machine has no use for it.

    :param version: of the code; empty where it follows from the content. :param root: the project's, if it is known.
    :param images: URIs of named images. :param interruptible: None leaves it to the task.
    :param overwrite_cache: what is cached is computed and stored anew. :param disable_run_cache: what was uploaded
        before is not relied on.
    :param raw_data_path, run_base_dir: empty where the cluster chooses.
    :param interactive: whether the task has to live in no file; None takes it as it is.
    """

    version: str = ""
    copy_style: str = "loaded_modules"
    root: Path | None = None
    images: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    interruptible: bool | None = None
    overwrite_cache: bool = False
    disable_run_cache: bool = False
    service_account: str = ""
    queue: str = ""
    log_level: int | None = None
    raw_data_path: str = ""
    run_base_dir: str = ""
    interactive: bool | None = None


class RunOptions(NamedTuple):
    """What a run is given besides its task and inputs.

    `env_vars` are set for every action and win over an environment's own. `run_base_dir` is where the run's outputs
    belong, `raw_data_path` where the data of files, folders and tables goes. `secrets_dir` holds secrets as files.
    `root_dir` is the project's root. `overwrite_cache` lets tasks that are cached run and keeps what they return;
    `disable_run_cache` leaves the cache alone.
    """

    name: str
    project: str
    domain: str
    org: str
    version: str
    run_base_dir: str
    raw_data_path: str
    env_vars: Mapping[str, str]
    secrets_dir: str
    root_dir: str = "."
    overwrite_cache: bool = False
    disable_run_cache: bool = False
    remote: RemoteOptions = RemoteOptions()


def checked_run_name(name: str) -> str:
    """Return `name` if a run can have it.

    :raises DeclarationError: it cannot.
    """
    if not _RUN_NAME.fullmatch(name):
        raise DeclarationError(
            "run name", name, "use lower-case letters, digits and '-', at most 63, no '-' at either end"
        )
    return name


class Run:
    """One run of a task. `seconds` is its wall time; `actions` counts its task and trace calls, itself included.

    :param bundle: the code that travels with it, where it was asked for; None where the image holds the code.
    :param plan: of a run that was only planned: what would be sent to a cluster.
    """

    def __init__(
        self, *, name: str, url: str, task: str, phase: Phase, seconds: float, actions: int, outputs: Outputs
    ) -> None:
        self.name = name
        self.url = url
        self.task = task
        self.phase = phase
        self.seconds = seconds
        self.actions = actions
        self.bundle: Bundle | None = None
        self.plan: RunPlan | None = None
        self._outputs = outputs

    def __repr__(self) -> str:
        return f"<run {self.name} of {self.task}: {self.phase}>"

    @property
    def outputs(self) -> Verb[[], Outputs]:
        """Return what the task returned: ``run.outputs()``, or ``await run.outputs.aio()``."""

        async def outputs_async() -> Outputs:
            return self._outputs

        return Verb(lambda: self._outputs, outputs_async)

    @property
    def wait(self) -> Verb[[], None]:
        """Return when the run has ended: ``run.wait()``; a local run has ended before it is handed out."""

        async def wait_async() -> None:
            pass

        return Verb(lambda: None, wait_async)


class Engine(Protocol):
    """Runs tasks somewhere. An engine is made for one run."""

    def run(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        """Run `task` to its end.

        :raises BadInputsError: the inputs do not fit the task's signature.
        :raises BaseRuntimeError: the task failed.
        """

    async def run_async(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        """Like `run`, from inside an event loop, which stays free for others."""


def bind(
    task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the inputs of a call as its function takes them. Any of them may be given by name.

    :raises BadInputsError: inputs that are missing, unknown, given twice or too many; all of them at once.
    """
    inputs = task.interface.inputs
    positional = [each.name for each in inputs if each.positional]
    problems = []
    if len(args) > len(positional):
        problems.append(f"takes {len(positional)} positional inputs, got {len(args)}")
    given = dict(zip(positional, args, strict=False))
    names = [each.name for each in inputs]
    for name, value in kwargs.items():
        if name in given:
            problems.append(f"input '{name}' is given twice")
        elif name not in names:
            suggestion = did_you_mean(name, names) or f"it takes: {', '.join(names) or 'nothing'}"
            problems.append(f"no input '{name}'; {suggestion}")
        given[name] = value
    problems += [f"input '{each.name}' is missing" for each in inputs if each.required and each.name not in given]
    if problems:
        raise BadInputsError(task.name, problems)
    # A default before a given positional-only input has to be passed as well.
    last = max((index for index, each in enumerate(inputs) if not each.keyword and each.name in given), default=-1)
    leading = tuple(given.get(each.name, each.default) for each in inputs[: last + 1])
    return leading, {each.name: given[each.name] for each in inputs[last + 1 :] if each.name in given}
