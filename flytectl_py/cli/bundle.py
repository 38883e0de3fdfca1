"""`flyte bundle`: shows, packs and sends the code that would travel with a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.options import Option
from flytectl_py.cli.output import Output
from flytectl_py.errors import WORK_FAILED, UsageError

CODE_OPTIONS: Mapping[str, Option] = {
    "copy_style": Option(
        ("--copy-style",), "auto, loaded_modules, all or none.", "STYLE", default="auto",
        values=("auto", "loaded_modules", "all", "none"),
        more="What travels: auto is loaded_modules, what importing FILE loads; all: what no rule leaves out.",
    ),
    "include": Option(
        ("--include",), "Add a file, a folder or a glob. Repeatable.", "PATH", "texts",
        more="Whatever the rules for what is left out say.",
    ),
    "root_dir": Option(
        ("--root-dir",), "Root of the project.", "DIR", env="FLYTE_ROOT_DIR",
        more="Modules and paths are named from there.",
    ),
    "project": Option(
        ("--project", "-p"), "For flyte.current_project() in FILE.", "NAME", env="FLYTE_PROJECT",
        more="What it gives while FILE is loaded.",
    ),
    "domain": Option(
        ("--domain", "-d"), "For flyte.current_domain() in FILE.", "NAME", env="FLYTE_DOMAIN",
        more="What it gives while FILE is loaded.",
    ),
}  # fmt: skip
OUTPUT = Option(
    ("--output", "-o"), "Write the archive: a file, folder or store.", "PATH|URI",
    more="In a folder or a store it is named by its digest. A folder with a / at its end is made where it is missing.",
)  # fmt: skip
DIFF_OPTIONS: Mapping[str, Option] = {
    "exit_code": Option(("--exit-code",), "End with 1 where they differ, else with 0.", kind="flag")
}
LS_OPTIONS: Mapping[str, Option] = {
    "excluded": Option(("--excluded",), "What is left out, each with the rule.", kind="flag"),
    "tree": Option(("--tree",), "Draw a tree.", kind="flag"),
}

Act = Callable[[list[str], Mapping[str, Any], Output], None]

HELP = """Show and pack the code that would travel with a run: 'flyte bundle FILE' is 'flyte bundle build FILE'.

Examples:
  flyte bundle app.py                    its digest, and what was left out
  flyte bundle ls app.py                 each file, its size, and why it is there
  flyte bundle ls --excluded app.py      what is left out, and by which rule
  flyte bundle app.py -o bundle.tar.gz   write it
  flyte bundle diff app.py last          what changed since it was last made

A bundle of more than 50 MiB is warned of, one of more than 2 GiB refused.
"""


_SHOWN = 5
"""Names that a warning gives of many."""


def command() -> Any:
    """Return the command `bundle`."""
    from flytectl_py.cli.bundle_group import make_group

    return make_group(DESCRIPTION, ACTS)


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
        import typer

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
    from flytectl_py.cli.bundle_report import visible
    from flytectl_py.cli.bundle_sides import archive_of
    from flytectl_py.plan.bundle import shown_amount
    from flytectl_py.storage.extract import extract, others

    with archive_of(words[0]) as archive:
        manifest = extract(archive, Path(words[1]))
    output.note(f"{shown_amount(manifest)} in {words[1]}")
    if further := others(Path(words[1]), manifest):
        shown = ", ".join(visible(each) for each in further[:_SHOWN])
        more = f" and {len(further) - _SHOWN} more" if len(further) > _SHOWN else ""
        output.note(f"warning: {words[1]} has what is not of the bundle: {shown}{more}")
    output.result(
        manifest.digest, {"digest": manifest.digest, "path": str(Path(words[1]).resolve()), "files": len(manifest)}
    )


BUILD_OPTIONS: Mapping[str, Option] = {"output": OUTPUT, **CODE_OPTIONS}
WORDS: Mapping[str, Word] = {
    "build": Word("FILE|DIR", "Plan the bundle; write or send it.", BUILD_OPTIONS),
    "ls": Word("FILE|DIR", "List the files, and why each is there.", {**LS_OPTIONS, **CODE_OPTIONS}),
    "diff": Word("A B", "Compare archives, URIs, folders, files or 'last'.", {**DIFF_OPTIONS, **CODE_OPTIONS}),
    "verify": Word("ARCHIVE|URI", "Check that an archive holds what it says.", {}),
    "extract": Word("ARCHIVE|URI DIR", "Unpack an archive, all of it or nothing.", {}),
    "push": Word("FILE|DIR URI", "Send the bundle to a store.", CODE_OPTIONS),
}
DESCRIPTION = Description("bundle", HELP, "[COMMAND] FILE|DIR", BUILD_OPTIONS, WORDS)
ACTS: Mapping[str, Act] = {
    "build": _build, "ls": _ls, "diff": _diff, "verify": _verify, "extract": _extract, "push": _push,
}  # fmt: skip
