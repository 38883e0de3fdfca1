"""What became of an action that failed, as the cluster keeps it: error.pb, and the error of a child's update."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from flyteidl2.core.execution_pb2 import ContainerError, ErrorDocument, ExecutionError

from flytectl_py.errors import ErrorKind

_ORIGINS = {"user": ExecutionError.USER, "system": ExecutionError.SYSTEM, "unknown": ExecutionError.UNKNOWN}
_KINDS: dict[int, ErrorKind] = {
    ExecutionError.USER: "user",
    ExecutionError.SYSTEM: "system",
    ExecutionError.UNKNOWN: "unknown",
}
# How a user's traceback begins, see traceback.TracebackException.
_TRACEBACKS: Final = (
    "\n\nTraceback (most recent call last):\n",
    "\n\n  + Exception Group Traceback (most recent call last):\n",
)
_FRAME: Final = re.compile(r'^[ |]*File "(?P<file>[^"<>]+)", line (?P<line>\d+)', re.MULTILINE)


class Failure(NamedTuple):
    """One failed attempt.

    :param code: short stable name; for the user's code the class of what it raised.
    :param message: what it said, then an empty line and the user's traceback where there is one.
    :param kind: whose fault it was.
    :param recoverable: whether another attempt may help, so that the cluster makes one if the task has some left.
    """

    code: str
    message: str
    kind: ErrorKind
    recoverable: bool


def in_parts(message: str) -> tuple[str, str]:
    """Return what a failure said, and the user's traceback, empty where there is none."""
    for start in _TRACEBACKS:
        said, found, rest = message.partition(start)
        if found:
            return said, start.lstrip("\n") + rest
    return message, ""


def place_in(traceback: str) -> str:
    """Return ``file:line`` of the last frame of a traceback, or an empty string."""
    *_, last = (None, *_FRAME.finditer(traceback))
    return "" if last is None else f"{last['file']}:{last['line']}"


def error_document(failure: Failure) -> ErrorDocument:
    """Return the content of error.pb (flyteidl2.core.ErrorDocument)."""
    kind = ContainerError.RECOVERABLE if failure.recoverable else ContainerError.NON_RECOVERABLE
    # Protobuf holds no lone surrogates, and what a program says may.
    message = failure.message.encode("utf-8", "backslashreplace").decode()
    return ErrorDocument(
        error=ContainerError(code=failure.code, message=message, kind=kind, origin=_ORIGINS[failure.kind])
    )


def failure_in(document: ErrorDocument) -> Failure:
    """Return what an error.pb says."""
    error = document.error
    return Failure(
        error.code or "Unknown",
        error.message,
        _KINDS.get(error.origin, "unknown"),
        error.kind == ContainerError.RECOVERABLE,
    )


def parse_failure(data: bytes) -> Failure:
    """Return what the bytes of an error.pb say."""
    return failure_in(ErrorDocument.FromString(data))


def failure_of(error: ExecutionError) -> Failure:
    """Return what the update of an action says of its error."""
    return Failure(
        error.code or "Unknown",
        error.message,
        _KINDS.get(error.kind, "unknown"),
        error.recoverability == ContainerError.RECOVERABLE,
    )
