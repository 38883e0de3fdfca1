"""How a command ends: an exit code, and an error said once, for a person or as JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer

from flytectl_py.cli.output import print_json, to_stderr
from flytectl_py.errors import INTERRUPTED, USAGE, WORK_FAILED, BaseRuntimeError, FlyteError, ModuleLoadError


def exit_code_of(command: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run `command`; say what went wrong, if anything; return the exit code.

    0 done, 1 the work failed, 2 usage, 3 the surroundings are not ready, 4 conflict, 130 interrupted.
    """
    as_json = wants_json(arguments)
    verbose = any(each in ("-vv", "-vvv") for each in arguments)
    try:
        result = command()
        sys.stdout.flush()
        if result == INTERRUPTED:  # Typer has turned the interrupt into this code.
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _say(as_json, "Interrupted", "interrupted", "", "")
        return INTERRUPTED
    except typer.TyperException as error:
        _say_usage(error, as_json)
        return error.exit_code
    except FlyteError as error:
        if verbose:
            _print_traceback()
        _say_ours(error, as_json)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read us has gone. Nothing more can be said, and nothing may be said when the streams are closed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WORK_FAILED
    except OSError as error:
        if verbose:
            _print_traceback()
        _say(as_json, type(error).__name__, error.strerror or str(error), "", str(error.filename or ""))
        return WORK_FAILED
    except Exception as error:  # noqa: BLE001  a bug of ours: said like any other failure
        if verbose:
            _print_traceback()
        hint = "" if verbose else "this is a bug in flyte; -vv shows where"
        _say(as_json, "InternalError", f"{type(error).__name__}: {error}", hint, "")
        return WORK_FAILED


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether --json stands among the arguments, asked before they are parsed, for errors of parsing itself."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(one == "--json" or (one in ("-of", "--output-format") and two == "json") for one, two in pairs)


def _print_traceback() -> None:
    import traceback

    to_stderr(traceback.format_exc().rstrip())


def _say(as_json: bool, code: str, message: str, hint: str, where: str) -> None:
    if as_json:
        print_json({"error": {"code": code, "message": message, "hint": hint, "where": where}})
        return
    to_stderr(f"error: {message}")
    if where and where not in message:
        to_stderr(f"  at {where}")
    if hint:
        to_stderr(f"  hint: {hint}")


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
        where = innermost_user_place(cause)
        reason = f"{error.code}: {error}" if str(error) else error.code
        message = f"{' → '.join(error.chain)} failed: {reason}"
    if as_json:
        document: dict[str, Any] = {"code": error.code, "message": message, "hint": hint, "where": where}
        if trace:
            document["traceback"] = trace
        print_json({"error": document})
        return
    if trace:
        to_stderr(trace.rstrip())
    _say(as_json, error.code, message, hint, where)
