"""What became of a child: its outputs, or the error that its caller sees."""

from __future__ import annotations

from typing import Any

from flytectl_py.engines.reported_failures import error_of
from flytectl_py.errors import BaseRuntimeError, RunAbortedError, RuntimeUnknownError, TaskTimeoutError
from flytectl_py.model.task import Task
from flytectl_py.runtime.outcome import ERROR, OUTPUTS
from flytectl_py.runtime.places import Places
from flytectl_py.wire import actions
from flytectl_py.wire.failures import failure_of, parse_failure


def outcome_of(task: Task[..., Any], child: actions.Child, update: Any, places: Places) -> bytes:
    """Return the outputs of a child that has ended, still encoded.

    :param update: the last one, a flyteidl2.workflow.ActionUpdate.
    :raises BaseRuntimeError: it failed, with the code and the words of what failed.
    """
    folder = (update.output_uri or f"{child.folder}/1").rstrip("/")
    if update.phase in actions.SUCCEEDED:
        return places.read(folder if folder.endswith(f"/{OUTPUTS}") else f"{folder}/{OUTPUTS}")
    if update.phase == actions.ABORTED:
        reason = update.error.message or "nobody said why"
        raise _with_chain(RunAbortedError(f"{task.name} was aborted: {reason}"), task)
    document = places.find(f"{folder}/{ERROR}")
    if document is not None:
        raise _with_chain(error_of(parse_failure(document)), task)
    if update.phase == actions.TIMED_OUT:
        raise _with_chain(TaskTimeoutError(update.error.message or f"{task.name} ran for longer than it may"), task)
    if update.HasField("error"):
        raise _with_chain(error_of(failure_of(update.error)), task)
    raise _with_chain(
        RuntimeUnknownError("NoOutcome", f"{task.name} ({child.name}) failed and left no error below {folder}"), task
    )


def _with_chain(error: BaseRuntimeError, task: Task[..., Any]) -> BaseRuntimeError:
    error.chain = (task.name, *error.chain)
    return error
