"""How a command ends: an exit code, and an error said once, for a person or as JSON."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import typer

from flytectl_py.cli.output import (
    CannotPrintError,
    ReaderGoneError,
    error_mark,
    flush_streams,
    give_up,
    indented,
    print_json,
    run_of_error,
    speaks_json,
    to_stderr,
)
from flytectl_py.cli.signals import ended_by
from flytectl_py.errors import (
    INTERRUPTED,
    NOT_READY,
    WORK_FAILED,
    BaseRuntimeError,
    FlyteError,
    ModuleLoadError,
    UsageError,
)


def exit_code_of(command: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run `command`; say what went wrong, if anything; return the exit code.

    0 done, 1 the work failed, 2 usage, 3 the surroundings are not ready, 4 conflict, 130 interrupted (128 and the
    number of the signal).
    """
    code = 0
    try:
        code = _finished(command, arguments)
        flush_streams()
    except ReaderGoneError:
        give_up(1)
    except CannotPrintError as error:
        give_up(1)
        if code == 0:
            to_stderr(f"{error_mark()} cannot write the output: {error}")
        return code or WORK_FAILED
    return code


def _finished(command: Callable[[], Any], arguments: Sequence[str]) -> int:
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
        _say(Said("Interrupted", f"interrupted{by}"), arguments)
        return 128 + number
    except typer.TyperException as error:
        _say_usage(error, arguments)
        return error.exit_code
    except FlyteError as error:
        _say_ours(error, arguments)
        return error.exit_code
    except OSError as error:
        if isinstance(error, ReaderGoneError | CannotPrintError):
            raise
        _say(of_os_error(error), arguments)
        return NOT_READY
    except UnicodeEncodeError as error:
        typed = next((each for each in arguments if not _is_utf8(each)), None)
        wrong = _bug(error, arguments) if typed is None else Said("UsageError", f"{typed!r} is not text in UTF-8")
        _say(wrong, arguments)
        return WORK_FAILED if typed is None else UsageError.exit_code
    except Exception as error:  # noqa: BLE001  a bug of ours: said like any other failure
        _say(_bug(error, arguments), arguments)
        return WORK_FAILED


class Said(NamedTuple):
    """What is said of an error; `trace` are the frames of the user's code, `details` what only JSON says."""

    code: str
    message: str
    hint: str = ""
    where: str = ""
    trace: str = ""
    details: Mapping[str, Any] = MappingProxyType({})


def _bug(error: Exception, arguments: Sequence[str]) -> Said:
    hint = "" if _verbosity(arguments) > 1 else "this is a bug in flyte; -vv shows where"
    return Said("InternalError", f"{type(error).__name__}: {error}", hint)


def _is_utf8(argument: str) -> bool:
    """Whether an argument is text; names of files need not be, all else does."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def of_os_error(error: OSError) -> Said:
    """Return what is said of a file that cannot be used; its code does not depend on how Python calls it."""
    place = str(error.filename or "")
    said = error.strerror or str(error) or type(error).__name__
    message = f"cannot use {place}: {said}" if place else said
    if error.errno == errno.ENOENT and not _has_folder():
        return Said("FileNotFoundError", "the current folder is not there any more", "go to one that is: cd")
    if error.errno in _DENIED:
        return Said("PermissionError", message, f"see who may read and write there: ls -ld {place}".rstrip(), place)
    if error.errno in _FULL:
        return Said("NoSpaceError", message, "make room; 'flyte gc' removes what is kept of old runs", place)
    return Said("FileNotFoundError" if error.errno == errno.ENOENT else "OSError", message, "", place)


def _has_folder() -> bool:
    """Whether the current folder is still there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _verbosity(arguments: Sequence[str]) -> int:
    """Return how often -v is given, as far as that can be seen before the options are parsed."""
    shorts = sum(len(each) - 1 for each in arguments if each.startswith("-v") and set(each[1:]) == {"v"})
    return shorts + arguments.count("--verbose")


def _print_traceback() -> None:
    import traceback

    to_stderr(traceback.format_exc().rstrip())


def _say(said: Said, arguments: Sequence[str]) -> None:
    """Say what went wrong; with -v also the code under which docs/errors/ explains it, with -vv our own frames."""
    verbosity = _verbosity(arguments)
    if verbosity > 1 and said.code != "Interrupted":
        _print_traceback()
    if speaks_json(arguments):
        document: dict[str, Any] = {key: getattr(said, key) for key in ("code", "message", "hint", "where")}
        trace = {"traceback": said.trace} if said.trace else {}
        print_json({"error": {**document, **trace, **said.details}, **run_of_error()})
        return
    if said.trace:
        to_stderr(said.trace.rstrip())
    to_stderr(f"{error_mark()} {indented(said.message)}")
    if said.where and said.where not in said.message:
        to_stderr(f"  at {said.where}")
    if said.hint:
        to_stderr(f"  hint: {said.hint}")
    if verbosity:
        to_stderr(f"  code: {said.code}")


def _say_usage(error: Any, arguments: Sequence[str]) -> None:
    from flytectl_py.cli.usage_errors import said_of_usage

    _say(Said("UsageError", *said_of_usage(error, arguments)), arguments)


def _say_ours(error: FlyteError, arguments: Sequence[str]) -> None:
    message, where = error.message, error.where
    trace = ""
    if isinstance(error, ModuleLoadError):
        trace = error.user_traceback
    elif isinstance(error, BaseRuntimeError) and error.chain:
        from flytectl_py.project.frames import innermost_user_place, user_traceback

        cause = error.__cause__ or error
        hidden = [os.path.dirname(typer.__file__)]
        place = innermost_user_place(cause, hidden)
        # Without a frame of the user's here, a traceback would only repeat the message.
        trace = user_traceback(cause, hidden, under=error) if place else error.elsewhere
        where = error.where or place
        reason = f"{error.code}: {error}" if str(error) else error.code
        message = f"{' → '.join(_shortened(error.chain))} failed: {reason}"
    _say(Said(error.code, message, error.hint, _shown(where), trace, error.details), arguments)


def _shown(where: str) -> str:
    """Return a place as it is seen from the working directory. Configuration is named in full: it may lie anywhere."""
    if not where.startswith("/"):
        return where
    from flytectl_py.project.frames import shown_path

    return shown_path(where)


def _shortened(chain: Sequence[str]) -> list[str]:
    """Leave out the middle of a chain that is too long to read, as of a task that calls itself."""
    ends = 4
    if len(chain) <= 2 * ends + 1:
        return list(chain)
    return [*chain[:ends], f"… {len(chain) - 2 * ends} more …", *chain[-ends:]]
