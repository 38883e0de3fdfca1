"""Every error this project raises on purpose, each with a hint and an exit code.

::

    FlyteError                          1  root of everything raised here
    ├── UsageError                      2  what was asked for cannot be done as asked
    │   ├── DeclarationError            2  a wrong value in an environment, image, resource … (also a ValueError)
    │   ├── UnknownNameError            2  no such task, environment, file, engine …
    │   ├── BadInputsError              2  inputs of a task that are missing, unknown or of the wrong type
    │   ├── InvalidImageError           2  an image that cannot be built as declared; lists every fault
    │   ├── DuplicateEnvironmentError   2  two environments of one name
    │   └── ConfigError                 2  a configuration file that is missing, unreadable or wrong
    ├── NotReadyError                   3  the surroundings lack something: a server, a secret, an extra
    ├── ConflictError                   4  the name is taken by other content
    ├── ModuleLoadError                 1  the user's module failed while it was loaded
    ├── BundleError                     1  a code bundle that is broken, or is not what its name says
    │   └── FileChangedError            1  a file changed or vanished while it was packed
    ├── DeploymentError, ImageBuildError, ReferenceTaskError, …        1
    └── BaseRuntimeError                1  a run or an action failed; `kind` says whose fault it was
        ├── RuntimeUserError               … the user's code raised
        │   ├── CustomError, TaskTimeoutError, RunAbortedError, NonRecoverableError, …
        ├── RuntimeSystemError             … the machinery failed
        └── RuntimeUnknownError            … nobody can say

The names and constructor parameters below `BaseRuntimeError` are those of the public API of Flyte 2 (`flyte.errors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

ErrorKind = Literal["system", "unknown", "user"]

WORK_FAILED = 1
USAGE = 2
NOT_READY = 3
CONFLICT = 4
INTERRUPTED = 130


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the closest known name, or an empty string when none is close."""
    import difflib

    candidates = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), candidates, n=1, cutoff=0.6)
    return f"did you mean '{candidates[close[0]]}'?" if close else ""


class FlyteError(Exception):
    """Root of every error of this project.

    :param message: what happened, one sentence.
    :param hint: what to do next, if anything is known to help.
    :param where: ``file:line``, an option, or a path.
    """

    exit_code: ClassVar[int] = WORK_FAILED
    before_task: bool = False
    """Whether it kept a task from beginning, such as a secret that is missing: no code of the task ran."""
    details: Mapping[str, Any] = MappingProxyType({})
    """What else JSON says of it, by name."""

    def __init__(self, message: str = "", *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    @property
    def code(self) -> str:
        """Stable name of this kind of error, as shown in JSON."""
        return type(self).__name__


class UsageError(FlyteError):
    """What was asked for cannot be done as it was asked."""

    exit_code = USAGE


class DeclarationError(UsageError, ValueError):
    """A declaration was given a value that it cannot take."""

    def __init__(self, parameter: str, value: object, allowed: str, *, suggestion: str = "", where: str = "") -> None:
        """
        :param parameter: the parameter as the user writes it, e.g. ``Resources(gpu=…)``.
        :param value: what was given.
        :param allowed: what is allowed, in words or as a list.
        :param suggestion: a ``did you mean …?`` sentence, possibly empty.
        """
        message = f"{parameter}: {value!r} is not allowed; {allowed}"
        super().__init__(message, hint=suggestion, where=where)
        self.parameter = parameter
        self.value = value


class UnknownNameError(UsageError):
    """A name that is not known; says what is.

    :param kind: what sort of thing was looked for, e.g. ``task``.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "", hint: str = "") -> None:
        names = list(known)
        listed = ", ".join(names) if names else "none"
        suggestion = did_you_mean(name, names)
        super().__init__(
            f"no {kind} '{name}'; known: {listed}",
            hint=" ".join(part for part in (suggestion, hint) if part),
            where=where,
        )
        self.kind = kind
        self.name = name
        self.known = names


class BadInputsError(UsageError, TypeError):
    """Inputs of a task that are missing, unknown, or not of the type that the task takes.

    :param problems: one sentence each; all of them, not only the first.
    """

    def __init__(self, task: str, problems: Iterable[str], *, hint: str = "") -> None:
        self.task = task
        self.problems = list(problems)
        said = f" {self.problems[0]}" if len(self.problems) == 1 else "".join(f"\n  {each}" for each in self.problems)
        super().__init__(f"cannot call {task}:{said}", hint=hint)


class InvalidImageError(UsageError, ValueError):
    """An image cannot be built as it was declared.

    :param faults: all of them, not only the first; each reads as a sentence.
    """

    def __init__(self, image: str, faults: Iterable[object], *, hint: str = "") -> None:
        self.image = image
        self.faults = list(faults)
        lines = "; ".join(str(fault) for fault in self.faults)
        super().__init__(f"{image} cannot be built: {lines}", hint=hint)


class DuplicateEnvironmentError(UsageError):
    """Two environments of one name, declared in two places."""


class ConfigError(UsageError):
    """A configuration file that is missing, cannot be read, or says something that is not understood."""


class NotReadyError(FlyteError):
    """Something around us is missing: a server, a secret, an optional dependency."""

    exit_code = NOT_READY


class ConflictError(FlyteError):
    """The name exists already, with other content."""

    exit_code = CONFLICT


class ModuleLoadError(FlyteError):
    """The user's module could not be loaded. `user_traceback` holds the user's frames only, as text."""

    def __init__(self, message: str, *, hint: str = "", where: str = "", user_traceback: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.user_traceback = user_traceback


class BundleError(FlyteError):
    """A code bundle that cannot be read, is unsafe to unpack, or is not what its name says."""


class FileChangedError(BundleError):
    """A file changed or vanished between being listed and being packed; a new listing may help, once."""


class BaseRuntimeError(FlyteError, RuntimeError):
    """A run or one of its actions failed.

    :param code: short stable name of the failure; for user code the class name of what was raised.
    :param kind: ``user``, ``system`` or ``unknown``.
    :param root_cause_message: what the failing code said.
    :param worker: where it ran, if known.
    """

    def __init__(self, code: str, kind: ErrorKind, root_cause_message: str, worker: str | None = None) -> None:
        super().__init__(root_cause_message)
        self.error_code = code
        self.kind = kind
        self.worker = worker
        self.chain: tuple[str, ...] = ()
        """The tasks that led to the failure, outermost first, each with its attempt where it had several."""
        self.elsewhere = ""
        """The user's traceback as text, where it arose in another process."""

    @property
    def code(self) -> str:
        return self.error_code

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle as cls(*args); the constructors here take other arguments than `args` holds.
        return _rebuild, (type(self), str(self), dict(self.__dict__))


def _rebuild(cls: type[BaseRuntimeError], message: str, state: dict[str, Any]) -> BaseRuntimeError:
    error = cls.__new__(cls, message)
    error.__dict__.update(state)
    return error


class InitializationError(BaseRuntimeError):
    """`flyte.init()` is needed first, or was given something that it cannot use."""

    exit_code = USAGE


class RuntimeSystemError(BaseRuntimeError):
    """The machinery under the user's code failed."""

    def __init__(self, code: str, message: str, worker: str | None = None) -> None:
        super().__init__(code, "system", message, worker)


class RuntimeUnknownError(BaseRuntimeError):
    """It failed, and nobody can say whose fault it was."""

    def __init__(self, code: str, message: str, worker: str | None = None) -> None:
        super().__init__(code, "unknown", message, worker)


class UnionRpcError(RuntimeSystemError):
    """A call to the control plane failed."""

    exit_code = NOT_READY


class LogsNotYetAvailableError(RuntimeSystemError):
    """The action has not written a log yet."""

    def __init__(self, message: str) -> None:
        super().__init__("LogsNotYetAvailable", message)


class RuntimeUserError(BaseRuntimeError):
    """The user's code raised. What it raised is `__cause__` where it ran in this process."""

    def __init__(self, code: str, message: str, worker: str | None = None) -> None:
        super().__init__(code, "user", message, worker)


class OOMError(RuntimeUserError):
    """The container ran out of memory."""


class TaskInterruptedError(RuntimeUserError):
    """The machine under the task was taken away."""


class PrimaryContainerNotFoundError(RuntimeUserError):
    """The pod template has no container of the primary container's name."""


class ImagePullBackOffError(RuntimeUserError):
    """The image could not be pulled."""


class InvalidImageNameError(RuntimeUserError):
    """The image's name is not a valid reference."""


class NotInTaskContextError(RuntimeUserError):
    """Something that only exists inside a running task was used outside one."""


class RetriesExhaustedError(RuntimeUserError):
    """Every attempt failed."""


class ActionNotFoundError(RuntimeError):
    """No such action in the run."""


class CustomError(RuntimeUserError):
    """An error of the user's own, with a code of the user's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)

    @classmethod
    def from_exception(cls, e: Exception) -> CustomError:
        """Return `e` as a CustomError whose code is its class name; `e` becomes the cause."""
        error = cls(type(e).__name__, str(e))
        error.__cause__ = e
        return error


class NonRecoverableError(RuntimeUserError):
    """Raise it in a task to say that another attempt would not help: no retry follows."""

    def __init__(self, message: str, code: str = "NonRecoverableError") -> None:
        super().__init__(code, message)


class TaskTimeoutError(RuntimeUserError):
    """One attempt of the task ran for longer than it may."""

    def __init__(self, message: str) -> None:
        super().__init__("TaskTimeoutError", message)


class RunAbortedError(RuntimeUserError):
    """The run was aborted."""

    def __init__(self, message: str) -> None:
        super().__init__("RunAborted", message)


class DeploymentError(RuntimeUserError):
    """A deployment did not complete."""

    def __init__(self, message: str) -> None:
        super().__init__("DeploymentError", message)


class ImageBuildError(RuntimeUserError):
    """An image could not be built."""

    def __init__(self, message: str) -> None:
        super().__init__("ImageBuildError", message)


class ReferenceTaskError(RuntimeUserError):
    """A reference to a deployed task cannot be used as it was."""

    def __init__(self, message: str) -> None:
        super().__init__("ReferenceTaskUsageError", message)


class InlineIOMaxBytesBreached(RuntimeUserError):
    """The inputs or outputs of an action are larger than they may be inline."""

    def __init__(self, message: str) -> None:
        super().__init__("InlineIOMaxBytesBreached", message)


class RuntimeDataValidationError(RuntimeUserError):
    """A value does not have the type that the task declares.

    :param var: the input's or output's name.
    """

    def __init__(self, var: str, e: Exception | str, task_name: str = "") -> None:
        of = f" of {task_name}" if task_name else ""
        super().__init__("DataValidationError", f"{var}{of}: {e}")


# Users catch them as flyte.errors.X, so that is what tracebacks and pickles call them.
for _class in [each for each in globals().values() if isinstance(each, type) and issubclass(each, Exception)]:
    _class.__module__ = "flyte.errors"
del _class
