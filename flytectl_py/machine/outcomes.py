"""From what an attempt left behind to what becomes of its action: success, another attempt, or the end."""

from __future__ import annotations

from typing import Any, NamedTuple

from flyteidl2.core.execution_pb2 import ContainerError, ErrorDocument, ExecutionError

from flytectl_py.machine.blobs import Blobs
from flytectl_py.machine.executors.api import Ended
from flytectl_py.runtime.outcome import ERROR, OUTPUTS

OUT_OF_MEMORY = "OOMKilled"
TIMEOUT = "TaskTimeoutError"
INTERRUPTED = "ControlPlaneStopped"


class Outcome(NamedTuple):
    """What became of an attempt; `error` is None where it succeeded."""

    error: ExecutionError | None

    @property
    def is_timeout(self) -> bool:
        """Whether it took longer than it may."""
        return self.error is not None and self.error.code == TIMEOUT

    @property
    def may_repeat(self) -> bool:
        """Whether another attempt may help."""
        return self.error is not None and self.error.recoverability == ContainerError.RECOVERABLE


async def outcome_of(blobs: Blobs, folder: str, ended: Ended) -> Outcome:
    """Return what an attempt left in its folder; where that is nothing, what the end of its process means.

    :raises FlyteError: the store cannot be asked.
    """
    document = await blobs.find(f"{folder}/{ERROR}")
    if document is not None:
        found = ErrorDocument.FromString(document).error
        return Outcome(
            ExecutionError(
                code=found.code or "Unknown",
                message=found.message,
                kind=found.origin,
                error_uri=f"{folder}/{ERROR}",
                recoverability=found.kind,
            )
        )
    if ended.code == 0 or await blobs.find(f"{folder}/{OUTPUTS}") is not None:
        return Outcome(None)
    code = OUT_OF_MEMORY if ended.out_of_memory else "NoOutcome"
    kind = ExecutionError.USER if ended.out_of_memory else ExecutionError.SYSTEM
    return Outcome(failure(code, ended.reason or "the container left no outcome", kind=kind))


def failure(code: str, message: str, *, kind: Any = ExecutionError.SYSTEM, recoverable: bool = True) -> ExecutionError:
    """Return an error of the control plane's own."""
    recoverability = ContainerError.RECOVERABLE if recoverable else ContainerError.NON_RECOVERABLE
    return ExecutionError(code=code, message=message, kind=kind, recoverability=recoverability)


def timed_out(task: str, seconds: float) -> ExecutionError:
    """Return the error of an attempt that was stopped because it took too long."""
    text = f"{task} ran for longer than its timeout of {seconds:g} s"
    return failure(TIMEOUT, text, kind=ExecutionError.USER)


def wait_before(retries: Any, failed: int) -> float:
    """Return how many seconds to wait after the attempt `failed`, from 1, by a RetryStrategy."""
    backoff = retries.backoff
    base = backoff.base.ToTimedelta().total_seconds()
    if not base:
        return 0.0
    factor = backoff.factor if backoff.HasField("factor") else 1.0
    cap = backoff.cap.ToTimedelta().total_seconds() if backoff.HasField("cap") else float("inf")
    try:
        return float(min(base * factor ** (failed - 1), cap))
    except OverflowError:
        return float(cap)
