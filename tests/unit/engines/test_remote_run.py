"""What becomes of a run on a cluster, as errors; and what an action's record says when it has ended."""

from __future__ import annotations

from typing import Any

import pytest

from flytectl_py.engines.remote_run import failure_of
from flytectl_py.errors import (
    BaseRuntimeError,
    RunAbortedError,
    RuntimeSystemError,
    RuntimeUnknownError,
    RuntimeUserError,
    TaskTimeoutError,
)
from flytectl_py.wire.run_records import ActionRecord, Failure


def record(phase: str, **changes: Any) -> ActionRecord:
    given: dict[str, Any] = {
        "run": "r1", "name": "a0", "parent": "", "group": "", "task": "app.main", "version": "v1", "environment": "app",
        "started": None, "ended": None, "seconds": None, "attempts": 1, **changes,
    }  # fmt: skip
    return ActionRecord(phase=phase, **given)


@pytest.mark.parametrize(
    ("phase", "failure", "kind"),
    [
        ("failed", Failure("ValueError", "bad", "user"), RuntimeUserError),
        ("failed", Failure("OOM", "killed", "system"), RuntimeSystemError),
        ("failed", Failure("", "odd", "unknown"), RuntimeUnknownError),
        ("failed", None, RuntimeUnknownError),
        ("timed_out", None, TaskTimeoutError),
        ("aborted", None, RunAbortedError),
    ],
)
def test_how_a_run_ended_is_an_error(phase: str, failure: Failure | None, kind: type[BaseRuntimeError]) -> None:
    error = failure_of(record(phase, failure=failure))
    assert type(error) is kind
    assert error.chain == ("app.main",)
    if failure is not None and failure.code:
        assert (error.code, error.message) == (failure.code, failure.message)


def test_why_it_was_aborted_is_said() -> None:
    error = failure_of(record("aborted", abort_reason="enough"))
    assert error is not None
    assert error.message.endswith("aborted: enough")


@pytest.mark.parametrize("phase", ["succeeded", "running", "recovered", "queued"])
def test_no_failure(phase: str) -> None:
    assert failure_of(record(phase)) is None


@pytest.mark.parametrize(
    ("phase", "ended"),
    [("queued", False), ("running", False), ("paused", False), ("succeeded", True), ("timed_out", True)],
)
def test_what_has_ended(phase: str, ended: bool) -> None:
    assert record(phase).has_ended is ended
