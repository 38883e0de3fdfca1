"""`flyte doctor`: is all there that is needed here, for a file, or in an image; each line with the remedy."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from flytectl_py.cli.connecting import settings_of
from flytectl_py.cli.description import Description
from flytectl_py.cli.images import PLANNING_OPTIONS, given_registry, make_command
from flytectl_py.cli.options import Option
from flytectl_py.errors import NOT_READY, FlyteError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.config.resolution import Settings
    from flytectl_py.engines.doctor_target import Target
    from flytectl_py.plan.diagnosis import Finding

OPTIONS: Mapping[str, Option] = {
    "store": Option(
        ("--store",),
        "Also check a store, by writing to it.",
        "URI",
        "texts",
        more="One that bundles or data go to. What is written is removed again. Repeatable.",
    ),
    **{name: PLANNING_OPTIONS[name] for name in ("registry", "image", "root_dir", "project", "domain")},
    "copy_style": PLANNING_OPTIONS["copy_style"]._replace(
        help="none: the images have to hold the code.", more="Where it is imported from, by the root of the project."
    ),
}

HELP = """Check this machine, what is configured, and what a file or an image needs; each line says what to do.

Examples:
  flyte doctor  Python, docker, configuration, disk
  flyte doctor app.py  also its root, imports and images
  flyte doctor ghcr.io/acme/app:1  can tasks be started in that image?
  flyte doctor --store s3://bucket/x  can it be written to?

Exit code 3 says that something is missing that is needed; what is not configured is only noted.
"""

DESCRIPTION = Description("doctor", HELP, "[FILE|DIR|IMAGE]", OPTIONS)

_OF_A_FILE = ("copy_style", "image", "root_dir")
_SIGNS = {"ok": "ok", "note": "note", "warning": "warning", "missing": "MISSING"}


def command() -> Any:
    """Return the command `doctor`."""
    return make_command(DESCRIPTION, _doctor)


def _doctor(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.engines.doctor import carry_out, configured_push, start_checks, surroundings, why_build
    from flytectl_py.plan.bundle import checked_copy_style
    from flytectl_py.plan.diagnosis import worst

    if len(words) > 1:
        raise UsageError(f"flyte doctor takes FILE|DIR|IMAGE, got {' '.join(words)}", hint="see 'flyte doctor --help'")
    if "" in words:
        raise UsageError("FILE is empty", hint="give a file, a folder or an image, or nothing")
    style = checked_copy_style(options.get("copy_style", "auto"), "--copy-style")
    registry = given_registry(options)
    word = words[0] if words else ""
    image = "" if _is_path(word) else word
    if image:
        from flytectl_py.builders.reference import parse

        parse(image)
    for key in _OF_A_FILE if image or not word else ():
        if key in options:
            raise UsageError(f"--{key.replace('_', '-')} is about a FILE, and none was given")
    settings, findings = _settings(options, output)
    target, root = None, Path.cwd()
    if word and not image:
        target, root = _target(word, options, style)
        findings += target.findings
    planned = () if target is None else target.images
    uris = [each.plan.uri for each in planned if each.plan.registry and not each.plan.given]
    what = os.path.basename(os.path.abspath(word))  # Of "." as well.
    declared = what if target is not None and target.declared else ""
    build_for = why_build(settings, images=any(not each.plan.given for each in planned), declared=declared)
    checks = [
        *surroundings(
            settings,
            root,
            build_for=build_for,
            pushes=_one_of_each(uris or ([] if target else configured_push(registry, settings))),
            stores=options.get("store", ()),
        ),
        *start_checks([image] if image else [each.plan.uri for each in planned], fetch=bool(image)),
    ]
    findings += carry_out(checks)
    output.result(_text(findings), {"state": worst(findings), "findings": [each._asdict() for each in findings]})
    if worst(findings) == "missing":
        raise typer.Exit(NOT_READY)


def _is_path(word: str) -> bool:
    return not word or word.endswith((".py", "/")) or word.startswith((".", "/", "~")) or os.path.exists(word)


def _settings(options: Mapping[str, Any], output: Output) -> tuple[Settings, list[Finding]]:
    """Return the settings, or the usual ones where they cannot be settled, and what there is to say of them."""
    from flytectl_py.config import settings as config
    from flytectl_py.config.discovery import everywhere
    from flytectl_py.config.table import ENVIRONMENT_VARIABLES
    from flytectl_py.plan.diagnosis import Finding, config_finding

    try:
        settings = settings_of(options, output)
    except FlyteError as error:
        where = f" ({error.where})" if error.where else ""
        said = Finding("config", "missing", f"{error.message}{where}", error.hint or "flyte config show --origin")
        return config.resolve(), [said]
    variables = [each for each in ENVIRONMENT_VARIABLES if os.environ.get(each)]
    return settings, [config_finding(settings.source, everywhere(), variables)]


def _target(word: str, options: Mapping[str, Any], style: str) -> tuple[Target, Path]:
    """Load a file or folder and look at it; that it cannot be loaded is what was found."""
    from flytectl_py.cli.images import planning_options
    from flytectl_py.cli.loading import load_target
    from flytectl_py.cli.output import keep_stdout
    from flytectl_py.engines.doctor_target import Target, look_at
    from flytectl_py.plan.diagnosis import Finding

    keep_stdout()
    try:
        loaded = load_target(word, options)
    except FlyteError as error:
        said = error.message
        if not said.startswith("cannot load "):
            said = f"{word} cannot be loaded: {said}"
        return Target((Finding("load", "missing", said, error.hint or f"flyte run {word} --help"),)), Path.cwd()
    return look_at(loaded, planning_options(options), style), loaded.root.path


def _one_of_each(uris: Iterable[str]) -> list[str]:
    """Return one image of each repository."""
    from flytectl_py.builders.reference import parse

    return list({(parse(each).registry, parse(each).repository): each for each in uris}.values())


def _text(findings: Iterable[Finding]) -> str:
    lines = []
    for each in findings:
        lines.append(f"{_SIGNS[each.state]:<8} {each.check}: {each.text}")
        if each.fix and each.state != "ok":
            lines.append(f"{'':<8}   -> {each.fix}")
    return "\n".join(lines)
