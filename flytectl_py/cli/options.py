"""Options as values: declared once, given to every command that takes them, told apart by where they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

from flytectl_py.cli.output import print_result

if TYPE_CHECKING:
    import typer

C = TypeVar("C", bound=Callable[..., Any])


class Option(NamedTuple):
    """One option of a command, for parsing it, and for its line in the help, its entry in the man page and completion.

    :param names: as they are typed, ``--long`` first; ``--x/--no-x`` for a flag that can be denied.
    :param help: one line.
    :param metavar: what it takes; completion knows FILE, DIR, PATH and alternatives: ``json|text``.
    :param kind: ``text``; ``texts`` may be given several times; ``flag`` takes nothing; ``count`` counts.
    :param at_once: called as soon as the option is seen; for options that print something and end the command.
    :param group: the heading that it stands under.
    :param default: what counts where it is not given, if that is a value.
    :param env: the variable that says the same.
    :param values: what it takes, where that is a short list which `metavar` does not spell.
    :param more: what only the man page says, after `help`.
    """

    names: tuple[str, ...]
    help: str
    metavar: str | None = None
    kind: Literal["text", "texts", "flag", "count"] = "text"
    at_once: Callable[[typer.Context], None] | None = None
    group: str = "Options"
    default: str = ""
    env: str = ""
    values: tuple[str, ...] = ()
    more: str = ""

    @property
    def spelled(self) -> tuple[str, ...]:
        """Every name as it is typed, the short ones first: ``-x``, ``--x``, ``--no-x``."""
        names = [part for name in self.names for part in name.split("/")]
        return tuple(sorted(names, key=lambda name: name.startswith("--")))

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it takes, where they can be listed."""
        spelled = (self.metavar or "").split("|")
        return self.values or (tuple(spelled) if len(spelled) > 1 and all(map(str.islower, spelled)) else ())

    def annotation(self) -> Any:
        """Return the option as Typer's annotation of a parameter."""
        import typer

        types: dict[str, Any] = {"text": str, "texts": list[str], "flag": bool, "count": int}
        act = self.at_once

        def callback(ctx: typer.Context, value: bool) -> bool:
            if value and act is not None and not ctx.resilient_parsing:
                act(ctx)
            return value

        callback.__annotations__ = {"ctx": typer.Context, "value": bool}  # Typer reads them as values, not as text.
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


def option_name(name: str, others: Collection[str] = ()) -> str:
    """Return how an input is typed: ``--input-data`` for ``input_data``, ``--x`` for ``_x`` where there is no ``x``.

    ``help_`` keeps what it ends in, for whoever calls an input that leaves ``--help`` alone.
    """
    plain = name.strip("_")
    return "--" + (plain if plain and plain not in (*others, "help") else name).replace("_", "-")


def _show_help(ctx: typer.Context) -> None:
    import typer

    print_result(ctx.get_help())
    raise typer.Exit


GENERAL: Mapping[str, Option] = {
    "config": Option(
        ("--config", "-c"), "Configuration file.", "FILE", env="FLYTE_CONFIG",
        more="Otherwise .flyte/config.toml or .flyte/config.yaml counts, of the current folder, of those above it up "
        "to the top of the git working tree, or of the home folder.",
    ),
    "endpoint": Option(("--endpoint",), "Control plane.", "HOST[:PORT]", env="FLYTE_ENDPOINT"),
    "insecure": Option(
        ("--insecure",), "Reach it without TLS and log-in.", kind="flag", env="FLYTE_INSECURE",
        more="The connection is not encrypted, and nobody logs in.",
    ),
    "org": Option(("--org",), "Organisation there.", "NAME", env="FLYTE_ORG"),
    "as_json": Option(("--json",), "One JSON document on stdout, errors included.", kind="flag"),
    "output_format": Option(
        ("--output-format", "-of"), "json: the same as --json.", "FORMAT", default="text", values=("json", "text")
    ),
    "quiet": Option(("--quiet", "-q"), "Print the result and errors only.", kind="flag"),
    "no_progress": Option(("--no-progress",), "Draw nothing; say it in plain lines.", kind="flag"),
    "verbose": Option(("--verbose", "-v"), "Say more; -vv adds tracebacks to errors.", kind="count"),
    "show_help": Option(("--help", "-h"), "Show this help.", kind="flag", at_once=_show_help),
}  # fmt: skip
"""What every command takes. Their help says so once, on the page of `flyte` itself."""


def declare(callback: C, options: Mapping[str, Option]) -> C:
    """Give `callback`, which takes keyword arguments, the signature from which Typer reads its options."""
    import inspect

    import typer

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
    import inspect

    import typer

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
