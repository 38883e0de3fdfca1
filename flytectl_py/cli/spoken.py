"""What every Typer command here does alike: its help, and which command an error in its options belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from flytectl_py.cli.description import Description


class SaysWhere:
    """Mixed into a Typer command: its help is written from its description, and an error in its options names the
    command whose help to read.
    """

    description: Description
    context_settings: Any
    make_parser: Any

    def get_help(self, ctx: Any) -> str:
        """Return the help of the command."""
        from flytectl_py.cli.help_screen import screen

        return screen(self.described(ctx))

    def described(self, ctx: Any) -> Description:
        """Return what the help shows."""
        del ctx
        return self.description

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command."""
        given = list(args)  # They are taken off the list as they are parsed.
        try:
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the command that it is mixed into
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]  # where Typer keeps it, if it does
            if hasattr(error, "possibilities"):
                error.further = self._further(ctx, given)  # type: ignore[attr-defined]  # read where it is said
            raise
        return rest

    def wrong_values(self, given: Mapping[str, Any]) -> list[str]:
        """Return a sentence for each value, by the key of its option, that cannot be what the command takes."""
        del given
        return []

    def _further(self, ctx: Any, args: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return all options of `args` that there are not, and what is wrong with the values of the others."""
        if not ctx.allow_interspersed_args or "--" in args:
            return [], []  # What follows the first word is not for this command, or is no option.
        loose = type(ctx)(
            self, parent=ctx.parent, resilient_parsing=True, ignore_unknown_options=True, **self.context_settings
        )
        given, rest, _ = self.make_parser(loose).parse_args(list(args))
        words = [*rest, *(given.get("words") or ())]
        unknown = [each.partition("=")[0] for each in words if re.match("--?[A-Za-z]", each)]
        return unknown, self.wrong_values(given)
