"""What a task's code forks is no second run: such a process ends where the function of the task returns or raises."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import TracebackType
from typing import NoReturn


class InOneProcess:
    """Stands around the call of a task's function, and ends every copy of the process that comes out of it.

    The copy would else go on as the run does: keep an outcome of its own, try again, answer in place of the run.
    """

    __slots__ = ("_process",)

    def __enter__(self) -> None:
        self._process = os.getpid()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.getpid() != self._process:
            _end(error)


def _end(error: BaseException | None) -> NoReturn:
    """End the process with the exit code that Python itself would give it, and say what nobody else will."""
    code = 0
    with contextlib.suppress(OSError, ValueError):  # The streams are closed, or nobody reads them.
        if isinstance(error, SystemExit):
            code = _code_of(error)
        elif isinstance(error, KeyboardInterrupt):
            code = 128 + signal.SIGINT
        elif error is not None:
            from flytectl_py.project.frames import user_traceback

            code = 1
            sys.stderr.write(f"{user_traceback(error)}\n")
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _code_of(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1
