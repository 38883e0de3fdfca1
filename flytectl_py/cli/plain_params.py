"""Keeps pydantic off the start-up path: the one place that knows how Typer coerces the text of an option.

Typer builds a pydantic adapter for each parameter that is given, which costs more than all the rest of a start. Every
option of this project is text, a flag, a counted flag or a list of texts: what it should be as soon as Typer has parsed
it. Inputs of tasks are converted by ``values/``. So the adapter is replaced by one that changes nothing. This relies on
an attribute that Typer does not document, hence the pinned minor version; ``tests/unit/cli/test_plain_params.py`` tells
when Typer moves.
"""

from __future__ import annotations

from typing import Any


class _AsParsed:
    """Stands where Typer keeps the converter of a parameter, and gives back what was parsed."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        del ctx
        if value is None and (param.multiple or param.nargs == -1):
            return ()
        return value


def keep_pydantic_out(command: Any) -> None:
    """Let `command` (a Typer command or group) pass on the text of its options as it is.

    :raises TypeError: an option is annotated with something else than text, a flag, a count or a list of texts.
    """
    for parameter in command.params:
        annotation = parameter.type_descriptor.annotation
        if annotation not in (str, bool, list[str]) and not getattr(parameter, "count", False):
            raise TypeError(f"--{parameter.name} is annotated {annotation}; annotate it str and convert it in values/")
        parameter._runtime_param = _AsParsed()
