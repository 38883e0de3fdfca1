"""What is said of a command line that Typer cannot parse: its errors in the words and the form of all others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

_CLOSE = 0.8
"""How alike an option must be to be suggested: dashes, which all share, count as well."""


def said_of_usage(error: Any, arguments: Sequence[str]) -> tuple[str, str]:
    """Return what is wrong, and what to do.

    :param error: a `TyperException`; its context may be missing.
    :param arguments: the whole command line.
    """
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    path = getattr(command, "said_as", "") or ("flyte" if context is None else context.command_path.strip())
    hints = []
    name = getattr(error, "option_name", "")
    if hasattr(error, "possibilities"):
        unknown, problems = getattr(error, "further", ([], []))
        names = list(dict.fromkeys([name, *unknown]))
        message = "\n".join([f"{path} has no option {', '.join(names)}", *problems])
        hints += [_instead(each, command) for each in names]
    else:
        message = _reworded(error.format_message(), name, path)
        hints.append(_of_flags(command, arguments))
    after = getattr(command, "inputs_after", "")
    if after and name:
        hints.append(f"inputs of the task stand after {after}")
    shown = "; ".join(each for each in (*dict.fromkeys(hints), f"see '{path} {_help_option(command)}'") if each)
    return message, shown.replace("?;", "?")


def _reworded(message: str, name: str, path: str) -> str:
    if extra := re.search(r"extra argument\S* \((.*)\)$", message):
        return f"{path} takes no further argument: {extra[1]}"
    if name and "requires an argument" in message:
        return f"{name} needs a value"
    if name and "does not take a value" in message:
        return f"{name} takes no value"
    return (message[:1].lower() + message[1:]).rstrip(".")


def _instead(name: str, command: Any) -> str:
    """Return the option that was meant, else the inputs of a task, which are all that it takes of its own."""
    names = [each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)]
    longs = [each for each in names if each.startswith("--")]
    if close := difflib.get_close_matches(name, longs, n=1, cutoff=_CLOSE):
        return f"did you mean '{close[0]}'?"
    inputs = [each.spelled[0] for each in getattr(command, "inputs", ())]
    return f"its inputs are {', '.join(inputs)}" if inputs else ""


def _of_flags(command: Any, arguments: Sequence[str]) -> str:
    """Return what the flags among the arguments take, for one of them may have been given a value."""
    flags = {each.opts[0]: each.secondary_opts[0] for each in getattr(command, "params", ()) if each.secondary_opts}
    given = {each.partition("=")[0].replace("_", "-") for each in arguments}
    return "; ".join(
        f"{one} takes no value but true and false; {no} denies it" for one, no in flags.items() if {one, no} & given
    )


def _help_option(command: Any) -> str:
    """Return the option that shows help: ``-h`` where the task has an input of the name ``help``."""
    options = [each.opts for each in getattr(command, "params", ()) if each.name == "show_help"]
    return "--help" if not options or "--help" in options[0] else "-h"
