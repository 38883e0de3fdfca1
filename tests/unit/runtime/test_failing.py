from __future__ import annotations

import pytest

from flytectl_py.errors import (
    BundleError,
    NonRecoverableError,
    NotReadyError,
    RuntimeSystemError,
    RuntimeUserError,
    UsageError,
)
from flytectl_py.runtime.failing import interrupted, of_machinery, of_user_code
from flytectl_py.runtime.results import error_of
from flytectl_py.wire.failures import Failure, error_document, parse_failure


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "code", "kind", "recoverable"),
    [
        (ValueError("x"), "ValueError", "user", True),
        (MemoryError(), "MemoryError", "user", True),
        (SystemExit(3), "SystemExit", "user", True),
        (KeyboardInterrupt(), "KeyboardInterrupt", "user", True),
        (RuntimeUserError("MY_CODE", "x"), "MY_CODE", "user", True),
        (RuntimeSystemError("LOST", "x"), "LOST", "system", True),
        (NonRecoverableError("x"), "NonRecoverableError", "user", False),
        (NotReadyError("x"), "NotReadyError", "system", True),
        (ExceptionGroup("several", [ValueError("x")]), "ExceptionGroup", "user", True),
    ],
)
def test_what_user_code_may_raise(error: BaseException, code: str, kind: str, recoverable: bool) -> None:
    failure = of_user_code(raised(error))
    assert (failure.code, failure.kind, failure.recoverable) == (code, kind, recoverable)


def test_a_process_that_the_kernel_ended_for_want_of_memory() -> None:
    error = raised(RuntimeError("a worker died"))
    failure = of_user_code(error, killed_for_memory=1, limit=" (the limit is 512 MiB)")
    assert (failure.code, failure.recoverable) == ("OOMKilled", True)
    assert (
        "ended a process of the container for want of memory (the limit is 512 MiB); then: a worker died"
        in failure.message
    )


@pytest.mark.parametrize(
    ("error", "kind", "recoverable"),
    [
        (UsageError("x"), "user", False),
        (BundleError("x"), "system", False),
        (NotReadyError("x"), "system", True),
        (MemoryError(), "user", True),
        (ZeroDivisionError("x"), "unknown", True),
    ],
)
def test_what_goes_wrong_around_user_code(error: BaseException, kind: str, recoverable: bool) -> None:
    failure = of_machinery(raised(error))
    assert (failure.code, failure.kind, failure.recoverable) == (type(error).__name__, kind, recoverable)


def test_a_signal_is_worth_another_attempt() -> None:
    assert interrupted("SIGTERM").recoverable
    assert interrupted("SIGTERM").message == "the task was told to end (SIGTERM) while it ran"


@pytest.mark.parametrize("kind", ["user", "system", "unknown"])
@pytest.mark.parametrize("recoverable", [True, False])
def test_an_error_document_and_back(kind: str, recoverable: bool) -> None:
    failure = Failure("Code", "what it said: é \udcff", kind, recoverable)  # type: ignore[arg-type]
    read = parse_failure(error_document(failure).SerializeToString())
    assert read == failure._replace(message="what it said: é \\udcff")


def test_the_callers_error_has_the_message_and_the_traceback_as_a_note() -> None:
    failure = of_user_code(raised(ValueError("bad x\nin two lines")))
    error = error_of(failure)
    assert isinstance(error, RuntimeUserError)
    assert (error.code, str(error)) == ("ValueError", "bad x\nin two lines")
    assert "in raised" in error.__notes__[0]
    group = error_of(of_user_code(raised(ExceptionGroup("several", [ValueError("x")]))))
    assert str(group) == "several (1 sub-exception)"
    assert "ValueError: x" in group.__notes__[0]
