"""From an exception to what error.pb says of it: its code, the user's traceback, whose fault, and whether to retry."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from flytectl_py.engines.reported_failures import INTERRUPTED, OOM_KILLED
from flytectl_py.errors import (
    BaseRuntimeError,
    BundleError,
    FlyteError,
    ModuleLoadError,
    NonRecoverableError,
    NotReadyError,
    UsageError,
)
from flytectl_py.runtime.log import tell
from flytectl_py.wire.failures import Failure

MOST_CHARACTERS = 100_000
"""Of what an error says, and of its traceback: clusters keep both with the action, and hand them to its parent."""


def of_user_code(
    error: BaseException, *, code_at: Path | None = None, killed_for_memory: int = 0, limit: str = ""
) -> Failure:
    """Return the failure of a task whose code raised `error`.

    :param code_at: the folder that holds the code, to list it where a module was not found.
    :param killed_for_memory: how many of the container's processes the kernel ended for want of memory meanwhile.
    :param limit: the memory that the container may use, in words.
    """
    from flytectl_py.engines.failures import said
    from flytectl_py.project.frames import innermost_user_place, user_traceback

    recoverable = not isinstance(error, NonRecoverableError)
    if isinstance(error, BaseRuntimeError):
        # The user's own, or that of a task that it called: it has a code and says whose fault it was.
        code, kind, text = error.error_code, error.kind, str(error)
    elif isinstance(error, NotReadyError):
        code, kind, text = error.code, "system", str(error)
    elif isinstance(error, SystemExit):
        code, kind, text = "SystemExit", "user", f"the task called sys.exit({error.code!r})"
    else:
        code, kind, text = type(error).__name__, "user", said(error)
    if isinstance(error, ModuleNotFoundError) and error.name and code_at is not None:
        from flytectl_py.runtime.resolver import missing_module

        text = f"{text}\n{missing_module(error.name, code_at)}"
    if killed_for_memory:
        processes = "a process" if killed_for_memory == 1 else f"{killed_for_memory} processes"
        text = f"the kernel ended {processes} of the container for want of memory{limit}; then: {text}"
        code = OOM_KILLED
    # Without a frame of the user's, a traceback would only repeat the message.
    trace = user_traceback(error) if innermost_user_place(error) else ""
    return Failure(code, _with_traceback(text, trace), kind, recoverable)


def of_machinery(error: BaseException) -> Failure:
    """Return the failure of an action whose code never ran, or whose outputs could not be taken."""
    from flytectl_py.project.frames import user_traceback

    if isinstance(error, ModuleLoadError):
        cause = error.__cause__
        code = type(cause).__name__ if cause is not None else error.code
        where = f"{error.where}: " if error.where else ""
        hint = f"\n{error.hint}" if error.hint else ""
        # Loading again loads the same; but an import may have asked the network for something.
        recoverable = not isinstance(cause, ImportError | SyntaxError | NameError)
        return Failure(
            code, _with_traceback(f"{where}{error.message}{hint}", error.user_traceback), "user", recoverable
        )
    if isinstance(error, BaseRuntimeError):  # The inputs: they are the same in the next attempt.
        return Failure(error.error_code, str(error), error.kind, recoverable=False)
    if isinstance(error, UsageError | BundleError):
        return Failure(error.code, str(error), "user" if isinstance(error, UsageError) else "system", recoverable=False)
    if isinstance(error, FlyteError):
        return Failure(error.code, str(error), "system", recoverable=True)
    if isinstance(error, MemoryError):
        return Failure("MemoryError", str(error) or "there is not enough memory", "user", recoverable=True)
    return Failure(
        type(error).__name__, _with_traceback(str(error), user_traceback(error)), "unknown", recoverable=True
    )


def interrupted(signal_name: str) -> Failure:
    """Return the failure of an attempt that somebody ended from outside: another one may well succeed."""
    text = f"the task was told to end ({signal_name}) while it ran"
    return Failure(INTERRUPTED, text, "system", recoverable=True)


def say(failure: Failure) -> None:
    """Tell the log of the container."""
    tell(f"{failure.code}: {failure.message}\n")


def _with_traceback(text: str, traceback: str) -> str:
    """Join both; the code lies in the working folder, whose name says nothing to who reads it elsewhere."""
    text = _cut(text)
    if not traceback:
        return text
    with contextlib.suppress(OSError):  # The folder may be gone.
        frame = 'File "'
        traceback = traceback.replace(frame + os.path.join(os.getcwd(), ""), frame)
    return f"{text}\n\n{_cut(traceback)}"


def _cut(text: str) -> str:
    more = len(text) - MOST_CHARACTERS
    return text if more <= 0 else f"{text[:MOST_CHARACTERS]}… ({more} more characters)"
