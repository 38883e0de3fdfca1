"""What becomes of an exception that leaves a task: one error that says which task, through which others, and why."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from flytectl_py.engines.api import line_of
from flytectl_py.errors import (
    BaseRuntimeError,
    FlyteError,
    NonRecoverableError,
    RuntimeUserError,
    TaskTimeoutError,
    UsageError,
)
from flytectl_py.model.task import Task

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class TaskFailure(NamedTuple):
    """`error` is what the action's caller gets; `cause` what the user's code raised, if that is another exception."""

    error: FlyteError
    cause: BaseException | None
    worth_another_attempt: bool

    @property
    def summary(self) -> str:
        shown = self.cause or self.error
        text = said(shown)
        return f"{type(shown).__name__}: {text}" if text else type(shown).__name__


def is_the_end(error: BaseException) -> bool:
    """Whether `error` ends more than a task: an interrupt, or a cancellation from outside."""
    if isinstance(error, KeyboardInterrupt):
        return True
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError) or asyncio._get_running_loop() is None:
        return False
    running = asyncio.current_task()
    return running is not None and running.cancelling() > 0


def as_task_error(error: BaseException, task: Task[..., Any], attempt: int) -> TaskFailure:
    """Describe `error`, which ended attempt number `attempt` of `task`.

    What the user's code raised becomes a `RuntimeUserError` whose code is the exception's class name, as a cluster
    reports it, with the exception as its cause. An error of a child passes through, longer by one link of its chain;
    what the surroundings lack, found before the code of a task began, passes through as it is.
    """
    attempts = task.settings.retries.attempts
    link = task.name if attempts == 1 else f"{task.name} (attempt {attempt} of {attempts})"
    if isinstance(error, BaseRuntimeError):
        error.chain = (link, *error.chain)
        return TaskFailure(error, error.__cause__, not isinstance(error, NonRecoverableError))
    if isinstance(error, FlyteError) and (error.before_task or not _has_begun(error, task)):
        error.before_task = True
        return TaskFailure(error, error.__cause__, worth_another_attempt=False)
    text = said(error)
    _trim(error)
    if isinstance(error, SystemExit):
        text = f"the task called sys.exit({error.code!r})"
    elif isinstance(error, BaseExceptionGroup):
        text = "\n".join([text, *(f"  {each}" for each in _members(error))])
    wrapped = RuntimeUserError(type(error).__name__, text)
    wrapped.chain = (link,)
    # What was asked for wrongly is wrong in the next attempt as well.
    return TaskFailure(wrapped, error, worth_another_attempt=not isinstance(error, UsageError))


def _has_begun(error: BaseException, task: Task[..., Any]) -> bool:
    """Whether `error` was raised in the function of `task`, or below it."""
    codes: list[object] = []
    function: Any = task.func
    while function is not None:
        codes.append(getattr(function, "__code__", None))
        function = getattr(function, "__wrapped__", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def said(error: BaseException) -> str:
    """Return the message of `error`, also where asking for it fails."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001  whatever it is, it is no reason to lose the first one
        return f"(its message cannot be shown: {type(second).__name__})"


def _trim(error: BaseException) -> None:
    """Let the traceback begin in the user's code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    if trace is not None:
        error.__traceback__ = trace


def _members(group: BaseExceptionGroup[BaseException]) -> Iterator[str]:
    """Say what each error of a group is, and of which tasks."""
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _members(each)
        elif isinstance(each, BaseRuntimeError) and each.chain:
            yield f"{' → '.join(each.chain)} failed: {each.code}: {each}"
        else:
            yield f"{type(each).__name__}: {said(each)}"


def timed_out(task: Task[..., Any], seconds: float | None) -> TaskTimeoutError:
    """Return the error of an attempt that ran for longer than its `seconds`."""
    text = f"{task.name} ran for longer than its timeout of {seconds:g} s"
    if not task.is_async:
        text += "; its thread is abandoned, it may go on until the process ends"
    error = TaskTimeoutError(text)
    error.where = line_of(task)
    return error


def check_returned(task: Task[..., Any], value: Any) -> Any:
    """Return `value`, which a plain function returned, unless it is a coroutine that nobody will ever await."""
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError(
            f"{task.name} is a plain function and returned a coroutine: make it `async def` and await the call, "
            "or use asyncio.run(…)"
        )
    return value
