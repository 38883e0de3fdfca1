"""The `flyte` command: its general options, and a table of commands that are imported when they are called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperGroup

from flytectl_py import __version__
from flytectl_py.cli.ending import Ending
from flytectl_py.cli.options import GENERAL, Option, SaysWhere, declare
from flytectl_py.cli.outcome import exit_code_of
from flytectl_py.cli.output import close_results, open_missing_streams, print_result
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.signals import take_signals
from flytectl_py.errors import UnknownNameError

COMMANDS: Final = {
    "run": ("flytectl_py.cli.run", "Run a task of a Python file."),
    "get": ("flytectl_py.cli.get", "Show runs and actions; of a cluster also tasks and projects."),
    "logs": ("flytectl_py.cli.logs", "Show what a run prints, or printed."),
    "rerun": ("flytectl_py.cli.rerun", "Run once more what was run here."),
    "abort": ("flytectl_py.cli.abort", "Stop a run on a cluster."),
    "gc": ("flytectl_py.cli.gc", "Remove what is kept of old runs."),
    "bundle": ("flytectl_py.cli.bundle", "Show and pack the code that travels with a run."),
    "build": ("flytectl_py.cli.build", "Build the images of environments, where they are missing."),
    "deploy": ("flytectl_py.cli.deploy", "Store the tasks of a file or folder on a cluster, under one version."),
    "serialize": ("flytectl_py.cli.serialize", "Write tasks as the files that Flyte 1 registers."),
    "start": ("flytectl_py.cli.machine", "Start a control plane on this machine."),
    "stop": ("flytectl_py.cli.machine", "Stop the control plane of this machine."),
    "status": ("flytectl_py.cli.machine", "Show whether a control plane runs on this machine."),
    "config": ("flytectl_py.cli.config", "Show the settings, and write the file that holds them."),
    "doctor": ("flytectl_py.cli.doctor", "Check that all is there that is needed, here and for a file or an image."),
    "whoami": ("flytectl_py.cli.whoami", "Show who the control plane thinks you are."),
    "explain": (
        "flytectl_py.cli.explain",
        "Show what the name of an image, bundle or version is made of, and what moved.",
    ),
}
"""Name -> (module with a function `command()`, or `NAME_command()` where it has several; one line of help)."""

HELP: Final = """Take plain Python tasks from a laptop to wherever they run.

\b
Examples:
  flyte run app.py main --x 1     run a task here, now, with no set-up
  flyte run app.py --help         the tasks of a file and their inputs
"""


class Commands(SaysWhere, TyperGroup):
    """The commands by name; each one's module is imported only when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in COMMANDS:
            raise UnknownNameError("command", cmd_name, COMMANDS, hint="see 'flyte --help'")
        module, _ = COMMANDS[cmd_name]
        found = importlib.import_module(module)
        return getattr(found, f"{cmd_name}_command", found.command)()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _show_version(ctx: typer.Context) -> None:
    del ctx
    print_result(f"flyte {__version__}")
    raise typer.Exit


def root() -> Any:
    """Return the `flyte` command."""
    app = typer.Typer(
        cls=Commands, rich_markup_mode=None, add_completion=False, add_help_option=False, invoke_without_command=True
    )
    version = Option(("--version", "-V"), "Show the version.", kind="flag", at_once=_show_version)

    def flyte(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [given]
        if ctx.invoked_subcommand is None:
            print_result(ctx.get_help())

    app.callback(help=HELP)(declare(flyte, {**GENERAL, "version": version}))
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
