"""`flyte deploy`: the tasks of a file or folder on a cluster, under one version."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description
from flytectl_py.cli.images import PLANNING_OPTIONS, check_builder, make_command
from flytectl_py.cli.kept_names import remember
from flytectl_py.cli.options import Option
from flytectl_py.cli.run_options import nothing_empty
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.config.resolution import Settings
    from flytectl_py.engines.bundle_delivery import Delivered
    from flytectl_py.engines.deploying import Deployed, TaskOutcome
    from flytectl_py.engines.deployment_plan import DeploymentPlan
    from flytectl_py.engines.image_building import BuildOptions, ImageOutcome
    from flytectl_py.project.loaded import Loaded

DEPLOY_OPTIONS: Mapping[str, Option] = {
    "all_environments": Option(("--all",), "Every environment: the same as no ENV.", kind="flag"),
    "recursive": Option(("--recursive",), "Of DIR, also the files of the folders in it.", kind="flag"),
    "version": Option(("--version",), "Version of the tasks.", "TEXT", default="of their content"),
    "dry_run": Option(
        ("--dry-run",), "Show what would be built and sent; do neither.", kind="flag",
        more="No daemon, registry or network is asked.",
    ),
    **PLANNING_OPTIONS,
    "copy_style": Option(
        ("--copy-style",), "Code that travels: loaded_modules, all, none.", "STYLE", group="Code",
        values=("loaded_modules", "all", "none"),
        more="loaded_modules, the default: what importing FILE loads; all: what no rule leaves out; none: the images "
        "hold it.",
    ),
    "include": Option(
        ("--include",), "Add a file, folder or glob to it. Repeatable.", "PATH", "texts", group="Code",
        more="Whatever the rules for what is left out say.",
    ),
    "force": Option(("--force",), "Build also images that are there already.", kind="flag", group="Images"),
    "builder": Option(
        ("--builder",), "local, docker or podman.", "NAME", group="Images", default="local", env="FLYTE_IMAGE_BUILDER",
        values=("local", "docker", "podman"), more="local is docker, else podman.",
    ),
    "no_push": Option(
        ("--no-push",), "Keep images with the daemon.", kind="flag", group="Images",
        more="For a cluster on this machine.",
    ),
    "project": Option(("--project", "-p"), "Project that the tasks belong to.", "NAME", env="FLYTE_PROJECT"),
    "domain": Option(
        ("--domain", "-d"), "Domain that they belong to.", "NAME", env="FLYTE_DOMAIN",
        more="flyte.current_domain() gives it.",
    ),
}  # fmt: skip

_LISTED = 20
"""Tasks of which each one is told; of more, only with -v."""

HELP = """Store the tasks of FILE or DIR on a cluster: images built where they are missing, code uploaded, one version.

Examples:
  flyte deploy app.py                              every environment of the file
  flyte deploy app.py etl --dry-run                what would be built and sent
  flyte deploy --recursive --all src               every environment of a folder
  flyte deploy app.py --copy-style none --version 1.2.3

ENV is the name of an environment, or of the variable that holds it. What an environment depends on is deployed with it.
Deploying the same again changes nothing.
"""


DESCRIPTION = Description("deploy", HELP, "FILE|DIR [ENV]...", DEPLOY_OPTIONS)


def command() -> Any:
    """Return the command `deploy`."""
    return make_command(DESCRIPTION, _deploy)


def _deploy(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    from flytectl_py.config.settings import require

    if not words:
        raise UsageError("which file? flyte deploy needs FILE or DIR", hint="see 'flyte deploy --help'")
    if options.get("all_environments") and words[1:]:
        raise UsageError(f"--all and {words[1]}: give one of them", where="--all")
    if options.get("builder") == "dockerfile":
        raise UsageError("--builder dockerfile builds nothing", hint="see 'flyte build --emit-dockerfile'")
    nothing_empty(options)
    check_builder(options)
    loaded, plan = plan_target(words[0], words[1:], options)
    settings = require()
    building = _building(options, output, loaded)
    for warning in plan.warnings:
        output.note(f"warning: {warning}")
    if options.get("dry_run"):
        _show(plan, _unbuilt(plan, building), output)
        return
    deployed = _carry_out(plan, settings, building, output)
    inputs = {task.name: [each.name for each in task.interface.inputs] for _, task in loaded.tasks()}
    remember("task", {each.task: inputs.get(each.task, ()) for each in deployed.tasks})
    document = plan_document(plan, deployed.images, deployed.bundle)
    output.result(plan.version, {**document, "tasks": [_said(each) for each in deployed.tasks]})


def plan_target(target: str, names: Sequence[str], options: Mapping[str, Any]) -> tuple[Loaded, DeploymentPlan]:
    """Load FILE or DIR and plan to deploy some of its environments; all, where none is named.

    :raises FlyteError: as loading, the settings and planning do.
    """
    from flytectl_py.cli.bundle_sides import root_of
    from flytectl_py.cli.images import check_image_names, chosen, planning_options
    from flytectl_py.cli.loading import load_target
    from flytectl_py.cli.output import keep_stdout
    from flytectl_py.config.settings import require
    from flytectl_py.engines.bundle_imports import Code
    from flytectl_py.engines.bundling import check_root
    from flytectl_py.engines.deployment_plan import PlanOptions, plan_deployment
    from flytectl_py.engines.one_machine import is_here
    from flytectl_py.engines.remote import organisation

    check_root(root_of(target, options))  # Before anything in it is walked or run.
    keep_stdout()
    loaded = load_target(target, options, recursive=bool(options.get("recursive")))
    check_image_names(options.get("image", ()), loaded.environments)
    settings = require()
    code = Code(loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules))
    wanted = PlanOptions(
        project=settings.project,
        domain=settings.domain,
        org=organisation(settings),
        version=options.get("version", ""),
        copy_style=options.get("copy_style", "auto"),
        include=tuple(options.get("include", ())),
        cwd=os.getcwd(),
        images=planning_options(options),
        needs_registry=not is_here(settings),
    )
    return loaded, plan_deployment(code, chosen(loaded, names), wanted)


def _building(options: Mapping[str, Any], output: Output, loaded: Loaded) -> BuildOptions:
    from flytectl_py.cli.build import settled
    from flytectl_py.engines.image_building import BuildOptions, labelled

    building = BuildOptions(
        builder=options.get("builder", ""),
        push=False if options.get("no_push") else None,
        force=bool(options.get("force")),
        note=output.note,
        progress=labelled(output.note),
    )
    settled_building = settled(building, loaded)
    if options.get("dry_run"):
        return settled_building
    from flytectl_py.config.settings import require
    from flytectl_py.engines.one_machine import building_for, executor_of

    return building_for(executor_of(require()), settled_building)


def _unbuilt(plan: DeploymentPlan, building: BuildOptions) -> Sequence[ImageOutcome]:
    """Return the images of a dry run, each with what changed since it was last built here."""
    from dataclasses import replace
    from pathlib import Path

    from flytectl_py.engines.image_building import build_images
    from flytectl_py.engines.image_history import ImageHistory

    history = ImageHistory.of(Path(plan.submission.code_root))
    return build_images(plan.images, replace(building, dry_run=True), history)


def _carry_out(plan: DeploymentPlan, settings: Settings, building: BuildOptions, output: Output) -> Deployed:
    from flytectl_py.config.settings import NAME_AN_ENDPOINT
    from flytectl_py.engines.deploying import Deploying, deploy
    from flytectl_py.engines.remote import remote_of
    from flytectl_py.errors import NotReadyError

    if not settings.endpoint:
        raise NotReadyError(
            "nothing is deployed: no endpoint of a cluster is configured",
            hint=f"{NAME_AN_ENDPOINT}; --dry-run needs none",
        )
    remote = remote_of(settings, note=output.note)

    say = output.note if len(plan.tasks) <= _LISTED else output.detail

    def told(outcome: TaskOutcome) -> None:
        if outcome.error is None and not outcome.differing:
            say(f"{outcome.task} {outcome.state}")

    count = len(plan.tasks)
    output.note(f"version {plan.version} of {count} task{'s' if count != 1 else ''} to {settings.endpoint}")
    deployed = deploy(plan, remote, Deploying(building, output.note, told))
    states = Counter(each.state for each in deployed.tasks)
    output.note(", ".join(f"{count} {state}" for state, count in states.items()))
    return deployed


def _show(plan: DeploymentPlan, images: Sequence[ImageOutcome], output: Output) -> None:
    if output.as_json:
        output.result("", {**plan_document(plan, images), "requests": list(plan.requests())})
        return
    from flytectl_py.cli.bundle_report import listed
    from flytectl_py.cli.deploy_tables import tables

    if plan.bundle is not None:
        output.note(plan.bundle.summary)
        for line in listed(plan.bundle, excluded=False, tree=False).splitlines():
            output.detail(f"  {line}")
    for each in images:
        for layer in each.planned.plan.layers:
            output.detail(f"  {each.planned.plan.uri}: {layer.hash[:12]} {layer.declared_by} ({layer.kind})")
    output.result(tables(plan, images), {})


def plan_document(
    plan: DeploymentPlan, images: Sequence[ImageOutcome], delivered: Delivered | None = None
) -> dict[str, Any]:
    """Return what --json says of a plan, without its requests."""
    from flytectl_py.cli.build import outcome_document
    from flytectl_py.cli.bundle_report import document
    from flytectl_py.model.environment import TaskEnvironment

    return {
        "version": plan.version,
        "environments": [
            {
                "name": each.name,
                "image": plan.uris[each.name],
                "depends_on": [other.name for other in each.depends_on],
                "tasks": list(each.tasks) if isinstance(each, TaskEnvironment) else [],
            }
            for each in plan.environments
        ],
        "images": [outcome_document(each) for each in images],
        "bundle": None if plan.bundle is None else document(plan.bundle, delivered),
        "warnings": list(plan.warnings),
    }


def _said(outcome: TaskOutcome) -> dict[str, Any]:
    return {"task": outcome.task, "state": outcome.state}
