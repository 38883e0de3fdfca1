"""The `flyte` command: its general options, and a table of commands that are imported when they are called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperGroup

from flytectl_py import __version__
from flytectl_py.cli.command_tree import COMMANDS, ROOT
from flytectl_py.cli.ending import Ending
from flytectl_py.cli.options import declare, merged
from flytectl_py.cli.outcome import exit_code_of
from flytectl_py.cli.output import close_results, open_missing_streams, print_result, settle_output
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.signals import take_signals
from flytectl_py.cli.spoken import SaysWhere
from flytectl_py.errors import UnknownNameError, UsageError

_OF_OTHERS: Final = {"help": "--help", "version": "--version"}
"""What is a command of many other programs, and the option that it is here."""


class Commands(SaysWhere, TyperGroup):
    """The commands by name; each one's module is imported only when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args[0] in _OF_OTHERS:
            of = args[1] if args[0] == "help" and args[1:2] and args[1] in COMMANDS else ""
            meant = " ".join(part for part in ("flyte", of, _OF_OTHERS[args[0]]) if part)
            raise UsageError(f"flyte has no command '{args[0]}'", hint=f"did you mean '{meant}'?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in COMMANDS:
            raise UnknownNameError("command", cmd_name, COMMANDS, hint="see 'flyte --help'")
        module, _ = COMMANDS[cmd_name]
        found = importlib.import_module(module)
        return getattr(found, f"{cmd_name}_command", found.command)()

    def get_help(self, ctx: Any) -> str:
        """Return the help of `flyte`."""
        del ctx
        from flytectl_py.cli.help_screen import Section, as_row, laid_out

        listed = Section("Commands", [(name, text) for name, (_, text) in COMMANDS.items()])
        options = [Section(title, [as_row(each) for each in some]) for title, some in ROOT.groups().items()]
        return laid_out(ROOT, [listed, *options], [])


def root() -> Any:
    """Return the `flyte` command."""
    app = typer.Typer(
        cls=Commands, rich_markup_mode=None, add_completion=False, add_help_option=False, invoke_without_command=True
    )

    def flyte(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [given]
        if given.pop("version"):
            settle_output(merged([given])).result(f"flyte {__version__}", {"version": __version__})
            raise typer.Exit
        if ctx.invoked_subcommand is None:
            print_result(ctx.get_help())

    app.callback()(declare(flyte, ROOT.options))
    command = typer.main.get_command(app)
    keep_pydantic_out(command)
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    ending = Ending()
    open_missing_streams()
    take_signals()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        ending.code = exit_code_of(lambda: root().main(given, prog_name="flyte", standalone_mode=False), given)
        sys.exit(ending.code)
    finally:
        close_results()
