"""What every Typer command here does alike: its help, and which command an error in its options belongs to."""

from __future__ import annotations

from typing import Any

import typer

from flytectl_py.cli.description import Description


class SaysWhere:
    """Mixed into a Typer command: its help is written from its description, and an error in its options names the
    command whose help to read.
    """

    description: Description

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
        try:
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the command that it is mixed into
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]  # where Typer keeps it, if it does
            raise
        return rest
