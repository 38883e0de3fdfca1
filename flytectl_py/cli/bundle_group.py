"""`flyte bundle` as a group of Typer's, whose first word may be left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from flytectl_py.cli.images import check_options
from flytectl_py.cli.options import GENERAL, declare, merged, with_words
from flytectl_py.cli.output import settle_output
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.cli.spoken import SaysWhere
from flytectl_py.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.cli.description import Description
    from flytectl_py.cli.output import Output

    Act = Callable[[list[str], Mapping[str, Any], Output], None]


class WordsCommand(SaysWhere, TyperCommand):
    """A command whose words are checked by itself, so that the usage line says what they are."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        del ctx
        return ["[OPTIONS]", self.description.takes]


class BundleGroup(SaysWhere, TyperGroup):
    """Takes a first word that is no command of it as what to build."""

    acts: Mapping[str, Act]

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.acts)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        return _made(cmd_name, self.description, self.acts[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        if args[0] in self.acts:
            return args[0], self.get_command(ctx, args[0]), args[1:]
        return "", self.get_command(ctx, "build"), args  # It is named as it was typed: 'flyte bundle'.


def make_group(description: Description, acts: Mapping[str, Act]) -> Any:
    """Return the command `bundle`; `acts` are what its words do."""
    app = typer.Typer(name=description.name, rich_markup_mode=None, add_completion=False)

    def bundle(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which file? flyte bundle needs FILE or DIR", hint="see 'flyte bundle --help'")

    app.callback(
        cls=BundleGroup, subcommand_metavar=description.takes, invoke_without_command=True, add_help_option=False
    )(declare(bundle, {**description.options, **GENERAL}))
    made: Any = typer.main.get_command(app)
    made.description, made.acts = description, acts
    keep_pydantic_out(made)
    return made


def _made(name: str, group: Description, act: Act) -> Any:
    described = group.of_word(name)

    def run(ctx: typer.Context, **given: Any) -> None:
        words = list(given.pop("words") or ())
        options = merged([*ctx.obj, given])
        path = ctx.command_path.strip()
        if "" in words:
            raise UsageError(f"{path} takes {described.takes}, and one of them is empty", hint=f"see '{path} --help'")
        if len(words) != len(described.takes.split()):
            raise UsageError(
                f"{path} takes {described.takes}, got {' '.join(words) or 'nothing'}",
                hint=(did_you_mean(words[0], group.words) if words else "") or f"see '{path} --help'",
            )
        check_options(group, name, options)
        act(words, options, settle_output(options))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(name, cls=WordsCommand, add_help_option=False)(
        with_words(declare(run, {**described.options, **GENERAL}))
    )
    made: Any = typer.main.get_command(app)
    made.description = described
    keep_pydantic_out(made)
    return made
