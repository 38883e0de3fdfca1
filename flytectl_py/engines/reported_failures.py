"""From what a container says of its failure to the exception that stands for it here."""

from __future__ import annotations

from typing import Final

from flytectl_py.errors import (
    BaseRuntimeError,
    NonRecoverableError,
    OOMError,
    RuntimeSystemError,
    RuntimeUnknownError,
    RuntimeUserError,
    TaskInterruptedError,
    TaskTimeoutError,
)
from flytectl_py.wire.failures import Failure, in_parts, place_in

OOM_KILLED: Final = "OOMKilled"
INTERRUPTED: Final = "TaskInterrupted"
NON_RECOVERABLE: Final = "NonRecoverableError"


def error_of(failure: Failure) -> BaseRuntimeError:
    """Return the exception that stands for a failure elsewhere; the traceback from there is a note of it."""
    message, traceback = in_parts(failure.message)
    error: BaseRuntimeError
    if failure.code in {OOM_KILLED, "MemoryError", "OOMError"}:
        error = OOMError(failure.code, message)
    elif failure.code == INTERRUPTED:
        error = TaskInterruptedError(failure.code, message)
    elif failure.code == "TaskTimeoutError":
        error = TaskTimeoutError(message)
    elif failure.code == NON_RECOVERABLE:
        error = NonRecoverableError(message)
    elif failure.kind == "system":
        error = RuntimeSystemError(failure.code, message)
    elif failure.kind == "unknown":
        error = RuntimeUnknownError(failure.code, message)
    else:
        error = RuntimeUserError(failure.code, message)
    if traceback:
        error.elsewhere, error.where = traceback, place_in(traceback)
        error.add_note(f"Where it ran:\n{traceback}")
    return error
