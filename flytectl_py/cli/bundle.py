"""`flyte bundle`: shows, packs and sends the code that would travel with a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from flytectl_py.cli.options import GENERAL, Option, declare, merged, with_words
from flytectl_py.cli.output import Output, settle_output
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.errors import WORK_FAILED, UsageError, did_you_mean

CODE_OPTIONS: Mapping[str, Option] = {
    "copy_style": Option(
        ("--copy-style",),
        "What travels: auto, which is loaded_modules (what importing FILE loads), all (what no rule leaves out), none.",
        "STYLE",
    ),
    "include": Option(
        ("--include",), "Add a file, a folder or a glob, whatever the rules say. Repeatable.", "PATH", "texts"
    ),
    "root_dir": Option(("--root-dir",), "Root of the project, from which modules and paths are named.", "DIR"),
    "project": Option(("--project", "-p"), "What flyte.current_project() gives while FILE is loaded.", "NAME"),
    "domain": Option(("--domain", "-d"), "What flyte.current_domain() gives while FILE is loaded.", "NAME"),
}
OUTPUT = Option(
    ("--output", "-o"),
    "Write the archive: a file, a folder (named by digest in there) or a store's URI.",
    "FILE|DIR|URI",
)
DIFF_OPTIONS: Mapping[str, Option] = {
    "exit_code": Option(("--exit-code",), "End with 1 where they differ, and with 0 only where not.", kind="flag")
}
LS_OPTIONS: Mapping[str, Option] = {
    "excluded": Option(
        ("--excluded",), "List what is left out, each with the rule, instead of what is in.", kind="flag"
    ),
    "tree": Option(("--tree",), "Draw a tree.", kind="flag"),
}

HELP = """Show and pack the code that would travel with a run: 'flyte bundle FILE' is 'flyte bundle build FILE'.

\b
Examples:
  flyte bundle app.py                    its digest, and what was left out
  flyte bundle ls app.py                 each file, its size, and why it is there
  flyte bundle ls --excluded app.py      what is left out, and by which rule
  flyte bundle app.py -o bundle.tar.gz   write it
  flyte bundle diff app.py last          what changed since it was last made

A bundle of more than 50 MiB is warned of, one of more than 2 GiB refused.
"""


class Command(NamedTuple):
    """A command below `flyte bundle`: a line of help, what it takes, its options, and what it calls with both."""

    help: str
    metavar: str
    options: Mapping[str, Option]
    words: int
    act: Callable[[list[str], Mapping[str, Any], Output], None]


class WordsCommand(TyperCommand):
    """A command whose words are checked by itself, so that the usage line says what they are."""

    metavar = ""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        del ctx
        return ["[OPTIONS]", self.metavar]


class BundleGroup(TyperGroup):
    """Takes a first word that is no command of it as what to build."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        return _made(cmd_name, COMMANDS[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str, Any, list[str]]:
        if args[0] in COMMANDS:
            return args[0], self.get_command(ctx, args[0]), args[1:]
        return "build", self.get_command(ctx, "build"), args

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(f"{name} {each.metavar}", each.help) for name, each in COMMANDS.items()])


def command() -> Any:
    """Return the command `bundle`."""
    app = typer.Typer(name="bundle", rich_markup_mode=None, add_completion=False)

    def bundle(ctx: typer.Context, **given: Any) -> None:
        ctx.obj = [*ctx.obj, given]
        if ctx.invoked_subcommand is None:
            raise UsageError("which file? flyte bundle needs FILE or DIR", hint="see 'flyte bundle --help'")

    app.callback(
        cls=BundleGroup,
        help=HELP,
        subcommand_metavar="[COMMAND] FILE|DIR",
        invoke_without_command=True,
        add_help_option=False,
    )(declare(bundle, {"output": OUTPUT, **CODE_OPTIONS, **GENERAL}))
    made = typer.main.get_command(app)
    keep_pydantic_out(made)
    return made


def _made(name: str, spec: Command) -> Any:
    def run(ctx: typer.Context, **given: Any) -> None:
        words = list(given.pop("words") or ())
        options = merged([*ctx.obj, given])
        if len(words) != spec.words:
            raise UsageError(
                f"flyte bundle {name} takes {spec.metavar}, got {' '.join(words) or 'nothing'}",
                hint=(did_you_mean(words[0], COMMANDS) if words else "") or f"see 'flyte bundle {name} --help'",
            )
        for key in options:
            if key not in spec.options and key not in GENERAL:
                raise UsageError(f"flyte bundle {name} has no option --{key.replace('_', '-')}")
        spec.act(words, options, settle_output(options))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(name, cls=WordsCommand, help=spec.help, add_help_option=False)(
        with_words(declare(run, {**spec.options, **GENERAL}))
    )
    made: WordsCommand = typer.main.get_command(app)  # type: ignore[assignment]  # as `cls` says
    made.metavar = spec.metavar
    keep_pydantic_out(made)
    return made


def _build(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.cli.bundle_report import Meter, document, say
    from flytectl_py.cli.bundle_sides import code_of, request_of
    from flytectl_py.engines.bundle_delivery import make_bundle

    to = options.get("output")
    _check_it_stays(to or "", "--output")
    with Meter(output) as meter:
        plan, delivered = make_bundle(code_of(words[0], options), request_of(options), to, meter.progress)
    say(plan, output)
    output.result(plan.digest if delivered is None else delivered.place, document(plan, delivered))


def _check_it_stays(place: str, where: str) -> None:
    if place.startswith("memory:"):
        raise UsageError(
            f"{place} is gone when this command ends",
            hint="give a file, a folder, or the URI of a store that stays: s3://bucket/prefix",
            where=where,
        )


def _push(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.storage.registry import is_uri

    if not is_uri(words[1]):
        raise UsageError(
            f"{words[1]} is no URI of a store", hint="give e.g. s3://bucket/prefix; -o writes to a folder", where="URI"
        )
    _check_it_stays(words[1], "URI")
    _build(words[:1], {**options, "output": words[1]}, output)


def _ls(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.cli.bundle_report import document, listed, say
    from flytectl_py.cli.bundle_sides import code_of, request_of
    from flytectl_py.engines.bundling import plan_bundle

    excluded = bool(options.get("excluded"))
    plan = plan_bundle(code_of(words[0], options), request_of(options, everything=excluded))
    say(plan, output)
    output.result(listed(plan, excluded=excluded, tree=bool(options.get("tree"))), document(plan, None))


def _diff(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.cli.bundle_report import compared
    from flytectl_py.cli.bundle_sides import manifest_of, root_of

    root = next((root_of(each, options) for each in words if each.endswith(".py")), None)
    one, other = (manifest_of(each, options, root) for each in words)
    text, found = compared(one, other)
    output.result(text, found)
    output.note("the same files" if found["same"] else f"{len(text.splitlines())} differ")
    if options.get("exit_code") and not found["same"]:
        raise typer.Exit(WORK_FAILED)


def _verify(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del options
    from flytectl_py.cli.bundle_sides import archive_of
    from flytectl_py.plan.bundle import shown_amount
    from flytectl_py.storage.extract import verify

    with archive_of(words[0]) as archive:
        manifest = verify(archive)
    output.note(f"{shown_amount(manifest)}, as the archive says")
    output.result(manifest.digest, {"digest": manifest.digest, "files": len(manifest), "bytes": manifest.total_bytes})


def _extract(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    del options
    from flytectl_py.cli.bundle_sides import archive_of
    from flytectl_py.plan.bundle import shown_amount
    from flytectl_py.storage.extract import extract

    with archive_of(words[0]) as archive:
        manifest = extract(archive, Path(words[1]))
    output.note(f"{shown_amount(manifest)} in {words[1]}")
    output.result(
        manifest.digest, {"digest": manifest.digest, "path": str(Path(words[1]).resolve()), "files": len(manifest)}
    )


COMMANDS: Mapping[str, Command] = {
    "build": Command("Plan the bundle; write or send it.", "FILE|DIR", {"output": OUTPUT, **CODE_OPTIONS}, 1, _build),
    "ls": Command("List the files, and why each is there.", "FILE|DIR", {**LS_OPTIONS, **CODE_OPTIONS}, 1, _ls),
    "diff": Command(
        "Compare two bundles: archives, URIs, folders, Python files, or 'last'.",
        "A B",
        {**DIFF_OPTIONS, **CODE_OPTIONS},
        2,
        _diff,
    ),
    "verify": Command("Check that an archive holds what it says.", "ARCHIVE|URI", {}, 1, _verify),
    "extract": Command("Unpack an archive, all of it or nothing.", "ARCHIVE|URI DIR", {}, 2, _extract),
    "push": Command("Send the bundle to a store.", "FILE|DIR URI", CODE_OPTIONS, 2, _push),
}
