"""`flyte build`: the images of a file's environments, named by content, built where they are missing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from flytectl_py.cli.options import GENERAL, Option, declare, merged
from flytectl_py.cli.output import Output, settle_output
from flytectl_py.cli.plain_params import keep_pydantic_out
from flytectl_py.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from flytectl_py.engines.image_building import BuildOptions, ImageOutcome
    from flytectl_py.model.environment import Environment
    from flytectl_py.model.image_arguments import Architecture
    from flytectl_py.project.loaded import Loaded

BUILD_OPTIONS: Mapping[str, Option] = {
    "all_environments": Option(("--all",), "Every environment of FILE or DIR: the same as no ENV.", kind="flag"),
    "dry_run": Option(
        ("--dry-run",), "Show tags, layers and Dockerfiles; ask no daemon, registry or network.", kind="flag"
    ),
    "force": Option(("--force",), "Build also what is there already.", kind="flag"),
    "push": Option(("--push",), "Push; by default what has a registry is pushed.", kind="flag"),
    "no_push": Option(("--no-push",), "Keep the images with the daemon.", kind="flag"),
    "builder": Option(("--builder",), "local (docker, else podman), docker, podman, dockerfile.", "NAME"),
    "platform": Option(
        ("--platform",), "Platforms instead of those declared: linux/amd64,linux/arm64. They change the tag.", "LIST"
    ),
    "registry": Option(("--registry",), "Registry instead of the one declared.", "HOST/PATH"),
    "emit_dockerfile": Option(
        ("--emit-dockerfile",), "Build nothing: write each Dockerfile and its context to a new folder.", "DIR"
    ),
    "image": Option(
        ("--image",),
        "The URI of an image that is declared by name; no name: the one of image='auto'.",
        "NAME=URI",
        "texts",
    ),
    "copy_style": Option(
        ("--copy-style",),
        "none puts the code into images that have with_code_bundle(); by default it travels.",
        "STYLE",
    ),
    "root_dir": Option(("--root-dir",), "Root of the project, from which modules and paths are named.", "DIR"),
    "project": Option(("--project", "-p"), "What flyte.current_project() gives while FILE is loaded.", "NAME"),
    "domain": Option(("--domain", "-d"), "What flyte.current_domain() gives while FILE is loaded.", "NAME"),
    **GENERAL,
}

HELP = """Build the images of the environments in FILE or DIR; one that exists already is not built again.

\b
Examples:
  flyte build app.py                              every environment's image
  flyte build app.py etl --dry-run                its tag and Dockerfile, built nowhere
  flyte build app.py --registry ghcr.io/acme      push them there
  flyte build app.py --emit-dockerfile out/       for a machine that has what this one lacks

ENV is the name of an environment, or of the variable that holds it.
"""

METAVAR = "FILE|DIR [ENV]..."


class BuildCommand(TyperCommand):
    """Its words are checked by itself, so that the usage line says what they are."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        del ctx
        return ["[OPTIONS]", METAVAR]


def command() -> Any:
    """Return the command `build`."""

    def build(ctx: typer.Context, **given: Any) -> None:
        words = list(given.pop("words") or ())
        _build(words, merged([*ctx.obj, given]))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command("build", cls=BuildCommand, help=HELP, add_help_option=False)(_with_words(declare(build, BUILD_OPTIONS)))
    made = typer.main.get_command(app)
    keep_pydantic_out(made)
    return made


def _with_words(callback: Any) -> Any:
    """Give `callback` an argument `words` besides the options that were declared for it."""
    import inspect

    annotation = Annotated[list[str], typer.Argument(hidden=True)]
    words = inspect.Parameter("words", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    signature = callback.__signature__
    callback.__signature__ = signature.replace(parameters=[*signature.parameters.values(), words])
    callback.__annotations__ = {**callback.__annotations__, "words": annotation}
    return callback


def _build(words: Sequence[str], options: Mapping[str, Any]) -> None:
    from flytectl_py.cli.loading import load_target
    from flytectl_py.engines.image_building import build_images
    from flytectl_py.engines.image_history import ImageHistory
    from flytectl_py.engines.image_planning import ImageProject, plan_images

    output = settle_output(options)
    if not words:
        raise UsageError("which file? flyte build needs FILE or DIR", hint="see 'flyte build --help'")
    if options.get("all_environments") and words[1:]:
        raise UsageError(f"--all and {words[1]}: give one of them", where="--all")
    building = _building(options, output)
    bake = _bakes(options)
    loaded = load_target(words[0], options)
    environments = _chosen(loaded, words[1:])
    project = ImageProject(
        loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules)
    )
    images = plan_images(environments, project, _image_options(options), bake_code=bake)
    building = _settled(building, loaded)
    history = ImageHistory(loaded.root.path / ".flyte" / "state" / "images.json")
    outcomes = build_images(images, building, history)
    for each in outcomes:
        _tell(each, output)
    output.result(
        "\n".join(each.planned.plan.uri for each in outcomes), {"images": [document(each) for each in outcomes]}
    )


def _building(options: Mapping[str, Any], output: Output) -> BuildOptions:
    from flytectl_py.engines.image_building import BuildOptions

    if options.get("push") and options.get("no_push"):
        raise UsageError("--push and --no-push: give one of them", where="--push")
    folder, builder = options.get("emit_dockerfile", ""), options.get("builder", "")
    if folder and builder not in ("", "dockerfile"):
        raise UsageError(f"--emit-dockerfile writes a folder, and --builder {builder} builds", where="--builder")
    if builder == "dockerfile" and not folder:
        raise UsageError(
            "--builder dockerfile needs a folder to write to", hint="--emit-dockerfile DIR", where="--builder"
        )
    push = True if options.get("push") else False if options.get("no_push") else None
    return BuildOptions(
        builder="dockerfile" if folder else builder,
        push=False if folder and push is None else push,
        force=bool(options.get("force") or folder),
        dry_run=bool(options.get("dry_run")),
        output=folder,
        note=output.note,
        progress=output.note,
    )


def _settled(building: BuildOptions, loaded: Loaded) -> BuildOptions:
    """Fill in what only the settings and the place of the project say."""
    from dataclasses import replace

    from flytectl_py.config.settings import require

    settings = require()
    secrets = str(loaded.root.path / ".flyte" / "secrets")
    if building.builder:
        return replace(building, secrets_dir=secrets)
    where = settings.origin("image_builder")
    return replace(building, builder=settings.image_builder, where=where, secrets_dir=secrets)


def _image_options(options: Mapping[str, Any]) -> Any:
    from flytectl_py.config.settings import require
    from flytectl_py.engines.image_options import image_options

    return image_options(require(), options.get("registry", ""), _platforms(options.get("platform", "")))


def _platforms(text: str) -> tuple[Architecture, ...]:
    from flytectl_py.model.image_arguments import ARCHITECTURES

    given = [each.strip() for each in text.split(",") if each.strip()]
    for each in given:
        if each not in ARCHITECTURES:
            raise UsageError(
                f"--platform: got '{each}'; it takes {', '.join(ARCHITECTURES)}",
                hint=did_you_mean(each, ARCHITECTURES),
                where="--platform",
            )
    return tuple(each for each in ARCHITECTURES if each in given)


def _bakes(options: Mapping[str, Any]) -> bool:
    from flytectl_py.plan.bundle import checked_copy_style

    style = options.get("copy_style", "auto")
    return style == "none" or checked_copy_style(style, "--copy-style") == "none"


def _chosen(loaded: Loaded, names: Sequence[str]) -> list[Environment]:
    if names:
        return [loaded.environment(name) for name in names]
    if not loaded.environments:
        raise UsageError(
            f"{loaded.target} declares no environment, so it has no image",
            hint="declare one: env = flyte.TaskEnvironment(name='…')",
            where=str(loaded.target),
        )
    return list(loaded.environments)


def _tell(outcome: ImageOutcome, output: Output) -> None:
    plan = outcome.planned.plan
    took = f" in {outcome.seconds:.1f} s" if outcome.state == "built" else ""
    said = "given by its URI" if plan.given else "planned" if outcome.state == "unknown" else outcome.state
    why = f" ({'; '.join(outcome.changed)})" if outcome.changed else ""
    output.note(f"{', '.join(outcome.planned.environments)}: {said}{took}{why}")
    if plan.given:
        return
    for layer in plan.layers:
        output.detail(f"  {layer.hash[:12]} {layer.declared_by} ({layer.kind})")


def document(outcome: ImageOutcome) -> dict[str, Any]:
    """Return what --json says of an image."""
    plan = outcome.planned.plan
    return {
        "environments": list(outcome.planned.environments),
        "uri": plan.uri,
        "tag": plan.tag,
        "platforms": list(plan.platforms),
        "state": outcome.state,
        "base": plan.base,
        "python": plan.python,
        "layers": [
            {
                "kind": layer.kind,
                "hash": layer.hash,
                "declared_by": layer.declared_by,
                "fields": dict(layer.fields),
                "files": len(layer.files),
            }
            for layer in plan.layers
        ],
        "dockerfile": plan.dockerfile,
        "digest": outcome.digest,
        "changed": list(outcome.changed),
        "warnings": list(plan.warnings),
        "seconds": round(outcome.seconds, 3),
    }
