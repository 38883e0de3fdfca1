"""Options as values: declared once, given to every command that takes them, told apart by where they stand."""

from __future__ import annotations

import functools
import inspect
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import typer

from flytectl_py.cli.output import print_result

C = TypeVar("C", bound=Callable[..., Any])


_NARROW = 60
"""Columns of a terminal below which Typer's own layout, made for 50 and more, does not fit."""


class Option(NamedTuple):
    """One option of a command.

    :param names: as they are typed, ``--long`` first; ``--x/--no-x`` for a flag that can be denied.
    :param kind: ``text``; ``texts`` may be given several times; ``flag`` takes nothing; ``count`` counts.
    :param at_once: called as soon as the option is seen; for options that print something and end the command.
    """

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    kind: Literal["text", "texts", "flag", "count"] = "text"
    at_once: Callable[[typer.Context], None] | None = None

    def annotation(self) -> Any:
        """Return the option as Typer's annotation of a parameter."""
        types: dict[str, Any] = {"text": str, "texts": list[str], "flag": bool, "count": int}
        act = self.at_once

        def callback(ctx: typer.Context, value: bool) -> bool:
            if value and act is not None and not ctx.resilient_parsing:
                act(ctx)
            return value

        info = typer.Option(
            *self.names,
            help=self.help,
            metavar=self.metavar,
            show_default=False,
            count=self.kind == "count",
            is_eager=act is not None,
            callback=callback if act is not None else None,
        )
        return Annotated[types[self.kind], info]

    def without(self, taken: Collection[str]) -> Option | None:
        """Return the option without the names that are taken, or None if none is left."""
        left = tuple(name for name in self.names if name not in taken)
        return self._replace(names=left) if left else None


def _show_help(ctx: typer.Context) -> None:
    print_result(ctx.get_help())
    raise typer.Exit


GENERAL: Mapping[str, Option] = {
    "config": Option(
        ("--config", "-c"), "Configuration file, instead of the nearest .flyte/config.yaml or .toml.", "FILE"
    ),
    "endpoint": Option(("--endpoint",), "Control plane, instead of the configured one.", "HOST[:PORT]"),
    "insecure": Option(("--insecure",), "Reach it without encryption and without logging in.", kind="flag"),
    "org": Option(("--org",), "Organisation there.", "NAME"),
    "as_json": Option(("--json",), "Print one JSON document on stdout, errors included.", kind="flag"),
    "output_format": Option(("--output-format", "-of"), "'json' is the same as --json.", "json|text"),
    "quiet": Option(("--quiet", "-q"), "Print the result and errors only.", kind="flag"),
    "no_progress": Option(("--no-progress",), "Draw nothing: what is said on the way is plain lines.", kind="flag"),
    "verbose": Option(("--verbose", "-v"), "Say more; -vv adds tracebacks to errors.", kind="count"),
    "show_help": Option(("--help", "-h"), "Show this help.", kind="flag", at_once=_show_help),
}


def _folded(line: str, columns: int) -> list[str]:
    """Fold an example, and what is said of it, which are laid out for a wider terminal."""
    import textwrap

    example, _, about = line.lstrip().partition("  ")
    indent = " " * (len(line) - len(line.lstrip()))
    parts = [(indent, example), *([(f"{indent}  ", about.strip())] if about else [])]
    return [
        each
        for first, part in parts
        for each in textwrap.wrap(part, columns, initial_indent=first, subsequent_indent=f"{indent}  ")
    ]


class SaysWhere:
    """Mixed into a Typer command: an error in its options names the command whose help to read, and help is as wide as
    the terminal, also where that is narrow.
    """

    def get_help(self, ctx: Any) -> str:
        """Return the help of the command."""
        formatter = ctx.make_formatter()
        columns = shutil.get_terminal_size().columns
        if columns < _NARROW:
            formatter.width = max(columns - 2, 20)
            formatter.write_dl = functools.partial(formatter.write_dl, col_max=max(formatter.width // 2 - 2, 8))
        self.format_help(ctx, formatter)  # type: ignore[attr-defined]  # of the command that it is mixed into
        text: str = formatter.getvalue()
        lines = text.rstrip("\n").split("\n")
        return "\n".join(
            part for line in lines for part in (_folded(line, columns) if len(line) > columns else (line,))
        )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command."""
        try:
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the command that it is mixed into
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]  # where Typer keeps it, if it does
            raise
        return rest


def declare(callback: C, options: Mapping[str, Option]) -> C:
    """Give `callback`, which takes keyword arguments, the signature from which Typer reads its options."""
    annotations = {name: option.annotation() for name, option in options.items()}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in annotations.items()
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    callback.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    callback.__annotations__ = {"ctx": typer.Context, **annotations}
    return callback


def with_words(callback: Any) -> Any:
    """Give `callback` an argument `words` besides the options that were declared for it."""
    annotation = Annotated[list[str], typer.Argument(hidden=True)]
    words = inspect.Parameter("words", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    signature = callback.__signature__
    callback.__signature__ = signature.replace(parameters=[*signature.parameters.values(), words])
    callback.__annotations__ = {**callback.__annotations__, "words": annotation}
    return callback


def merged(levels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Put together what stands at several places of a command line: lists and counts add up, else the last one counts.

    What was not given at all is not in the result.
    """
    found: dict[str, Any] = {}
    for level in levels:
        for name, value in level.items():
            if value is None or value is False or value in (0, (), []):
                continue
            if isinstance(value, list | tuple):
                found[name] = [*found.get(name, []), *value]
            elif isinstance(value, int) and not isinstance(value, bool):
                found[name] = found.get(name, 0) + value
            else:
                found[name] = value
    return found
