"""How a command ends: an exit code, and an error said once, for a person or as JSON."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from flytectl_py.cli.output import ReaderGoneError, error_mark, print_json, run_of_error, speaks_json, to_stderr
from flytectl_py.cli.signals import ended_by
from flytectl_py.errors import INTERRUPTED, USAGE, WORK_FAILED, BaseRuntimeError, FlyteError, ModuleLoadError

_OUTPUT_FAULTS = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT)


def exit_code_of(command: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run `command`; say what went wrong, if anything; return the exit code.

    0 done, 1 the work failed, 2 usage, 3 the surroundings are not ready, 4 conflict, 130 interrupted (128 and the
    number of the signal).
    """
    code = 0
    try:
        code = _finished(command, arguments)
        if not getattr(sys.stdout, "closed", True):  # The user's code may have closed it, or taken it away.
            sys.stdout.flush()
    except OSError as error:
        # What is left in the buffers cannot be written either: nothing may try that again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, ReaderGoneError):
            return code
        if code == 0 and not isinstance(error, BrokenPipeError):
            to_stderr(f"{error_mark()} cannot write the output: {error.strerror}")
        return code or WORK_FAILED
    return code


def _finished(command: Callable[[], Any], arguments: Sequence[str]) -> int:
    verbose = any(each in ("-vv", "-vvv") for each in arguments)
    try:
        result = command()
        if result == INTERRUPTED:  # Typer has turned the interrupt into this code.
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        number = ended_by()
        by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        _say(speaks_json(arguments), "Interrupted", f"interrupted{by}", "", "")
        return 128 + number
    except typer.TyperException as error:
        _say_usage(error, speaks_json(arguments))
        return error.exit_code
    except FlyteError as error:
        if verbose:
            _print_traceback()
        _say_ours(error, speaks_json(arguments))
        return error.exit_code
    except OSError as error:
        if isinstance(error, ReaderGoneError) or (error.errno in _OUTPUT_FAULTS and error.filename is None):
            raise
        if verbose:
            _print_traceback()
        _say(speaks_json(arguments), type(error).__name__, error.strerror or str(error), "", str(error.filename or ""))
        return WORK_FAILED
    except Exception as error:  # noqa: BLE001  a bug of ours: said like any other failure
        if verbose:
            _print_traceback()
        hint = "" if verbose else "this is a bug in flyte; -vv shows where"
        _say(speaks_json(arguments), "InternalError", f"{type(error).__name__}: {error}", hint, "")
        return WORK_FAILED


def _print_traceback() -> None:
    import traceback

    to_stderr(traceback.format_exc().rstrip())


def _say(as_json: bool, code: str, message: str, hint: str, where: str) -> None:
    if as_json:
        _say_json({"code": code, "message": message, "hint": hint, "where": where})
        return
    to_stderr(f"{error_mark()} {message}")
    if where and where not in message:
        to_stderr(f"  at {where}")
    if hint:
        to_stderr(f"  hint: {hint}")


def _say_json(error: Mapping[str, Any]) -> None:
    print_json({"error": error, **run_of_error()})


def _say_usage(error: Any, as_json: bool) -> None:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "flyte"
    if type(error).__name__ == "NoArgsIsHelpError":
        to_stderr(message)
        return
    code = "UsageError" if error.exit_code == USAGE else type(error).__name__
    _say(as_json, code, message, f"see '{path} --help'", "")


def _say_ours(error: FlyteError, as_json: bool) -> None:
    message, hint, where = error.message, error.hint, error.where
    trace = ""
    if isinstance(error, ModuleLoadError):
        trace = error.user_traceback
    elif isinstance(error, BaseRuntimeError) and error.chain:
        from flytectl_py.project.frames import innermost_user_place, user_traceback

        cause = error.__cause__ or error
        trace = user_traceback(cause, [os.path.dirname(typer.__file__)], under=error)
        where = error.where or innermost_user_place(cause)
        reason = f"{error.code}: {error}" if str(error) else error.code
        message = f"{' → '.join(_shortened(error.chain))} failed: {reason}"
    if as_json:
        document: dict[str, Any] = {"code": error.code, "message": message, "hint": hint, "where": where}
        if trace:
            document["traceback"] = trace
        _say_json(document)
        return
    if trace:
        to_stderr(trace.rstrip())
    _say(as_json, error.code, message, hint, where)


def _shortened(chain: Sequence[str]) -> list[str]:
    """Leave out the middle of a chain that is too long to read, as of a task that calls itself."""
    ends = 4
    if len(chain) <= 2 * ends + 1:
        return list(chain)
    return [*chain[:ends], f"… {len(chain) - 2 * ends} more …", *chain[-ends:]]
