"""`flyte build`: the images of a file's environments, named by content, built where they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.images import PLANNING_OPTIONS, check_builder, document, make_command, plan
from flytectl_py.cli.options import Option
from flytectl_py.config.checks import OFFERED_BUILDERS
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.image_building import BuildOptions, ImageOutcome
    from flytectl_py.project.loaded import Loaded

BUILD_OPTIONS: Mapping[str, Option] = {
    "all_environments": Option(("--all",), "Every environment: the same as no ENV.", kind="flag"),
    "dry_run": Option(
        ("--dry-run",), "Show tags, layers and Dockerfiles; build nothing.", kind="flag",
        more="No daemon, registry or network is asked. With -q only tags are printed.",
    ),
    "force": Option(("--force",), "Build also what is there already.", kind="flag"),
    "push": Option(("--push",), "Push.", default="where there is a registry", kind="flag"),
    "no_push": Option(("--no-push",), "Keep the images with the daemon.", kind="flag"),
    "builder": Option(
        ("--builder",), "local, docker, podman, environment or dockerfile.", "NAME", default="local",
        env="FLYTE_IMAGE_BUILDER", values=OFFERED_BUILDERS,
        more="local is docker, else podman; environment makes a Python environment, for runs in processes; "
        "dockerfile builds nothing, see --emit-dockerfile.",
    ),
    "emit_dockerfile": Option(
        ("--emit-dockerfile",), "Build nothing: write Dockerfiles and contexts.", "DIR",
        more="To a new folder, one folder for each image in it.",
    ),
    **PLANNING_OPTIONS,
}  # fmt: skip

HELP = """Build the images of the environments in FILE or DIR; one that exists already is not built again.

Examples:
  flyte build app.py                              every environment's image
  flyte build app.py etl --dry-run                its tag, layers and Dockerfile
  flyte build app.py --registry ghcr.io/acme      push them there
  flyte build app.py --emit-dockerfile out/       for a machine that has what this one lacks

ENV is the name of an environment, or of the variable that holds it.
"""


DESCRIPTION = Description("build", HELP, "FILE|DIR [ENV]...", BUILD_OPTIONS)


def command() -> Any:
    """Return the command `build`."""
    return make_command(DESCRIPTION, _build)


def _build(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from dataclasses import replace

    from flytectl_py.cli.build_screen import watch_builds
    from flytectl_py.engines.image_building import build_images
    from flytectl_py.engines.image_history import ImageHistory

    if not words:
        raise UsageError("which file? flyte build needs FILE or DIR", hint="see 'flyte build --help'")
    if options.get("all_environments") and words[1:]:
        raise UsageError(f"--all and {words[1]}: give one of them", where="--all")
    building = _building(options, output)
    planned = plan(words[0], words[1:], options)
    history = ImageHistory.of(planned.loaded.root.path)
    with watch_builds(output, several=len(planned.images) > 1) as watch:
        outcomes = build_images(planned.images, settled(replace(building, progress=watch), planned.loaded), history)
    dry = building.dry_run and not output.quiet
    for each in outcomes:
        tell_outcome(each, output._replace(verbosity=0) if dry else output)  # The result has the layers then.
    text = "\n\n".join(_planned(each, output) for each in outcomes) if dry else "\n".join(map(_uri, outcomes))
    output.result(text, {"images": [outcome_document(each) for each in outcomes]})


def _uri(outcome: ImageOutcome) -> str:
    return outcome.planned.plan.uri


def _planned(outcome: ImageOutcome, output: Output) -> str:
    """Return what a dry run shows of an image: its URI, its layers and its Dockerfile."""
    from flytectl_py.cli.explain import layer_line

    made = outcome.planned.plan
    if made.given:
        return f"{made.uri}\n  given by its URI: there is nothing to build"
    layers = [f"    {layer_line(each, output)}" for each in made.layers]
    steps = [f"    {line}".rstrip() for line in made.dockerfile.rstrip("\n").split("\n")]
    return "\n".join([made.uri, "  layers:", *(layers or ["    none"]), "  Dockerfile:", *steps])


def _building(options: Mapping[str, Any], output: Output) -> BuildOptions:
    from flytectl_py.engines.image_building import BuildOptions

    if options.get("push") and options.get("no_push"):
        raise UsageError("--push and --no-push: give one of them", where="--push")
    folder, builder = options.get("emit_dockerfile", ""), options.get("builder", "")
    if "emit_dockerfile" in options and not folder:
        raise UsageError("--emit-dockerfile: it is empty", hint="give a folder", where="--emit-dockerfile")
    if folder and builder not in ("", "dockerfile"):
        raise UsageError(f"--emit-dockerfile writes a folder, and --builder {builder} builds", where="--builder")
    if builder == "dockerfile" and not folder:
        raise UsageError(
            "--builder dockerfile needs a folder to write to", hint="--emit-dockerfile DIR", where="--builder"
        )
    check_builder(options)
    push = True if options.get("push") else False if options.get("no_push") else None
    return BuildOptions(
        builder="dockerfile" if folder else builder,
        push=False if folder and push is None else push,
        force=bool(options.get("force") or folder),
        dry_run=bool(options.get("dry_run")),
        output=folder,
        note=output.note,
    )


def settled(building: BuildOptions, loaded: Loaded) -> BuildOptions:
    """Fill in what only the settings and the place of the project say."""
    from dataclasses import replace

    from flytectl_py.config.settings import require

    settings = require()
    secrets = str(loaded.root.path / ".flyte" / "secrets")
    if building.builder:
        return replace(building, secrets_dir=secrets)
    where = settings.origin("image_builder")
    return replace(building, builder=settings.image_builder, where=where, secrets_dir=secrets)


def tell_outcome(outcome: ImageOutcome, output: Output) -> None:
    """Tell the person what came of an image."""
    plan = outcome.planned.plan
    took = f" in {outcome.seconds:.1f} s" if outcome.state == "built" else ""
    said = (
        "given by its URI" if plan.given else "planned" if outcome.state in ("unknown", "to build") else outcome.state
    )
    why = f" ({'; '.join(outcome.changed)})" if outcome.changed else ""
    output.note(f"{', '.join(outcome.planned.environments)}: {said}{took}{why}")
    if plan.given:
        return
    for layer in plan.layers:
        output.detail(f"  {layer.hash[:12]} {layer.declared_by} ({layer.kind})")


def outcome_document(outcome: ImageOutcome) -> dict[str, Any]:
    """Return what --json says of an image and of what came of it."""
    return {
        **document(outcome.planned),
        "state": outcome.state,
        "digest": outcome.digest or None,
        "changed": list(outcome.changed),
        "seconds": round(outcome.seconds, 3),
    }
