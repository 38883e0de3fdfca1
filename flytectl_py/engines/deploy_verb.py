"""What ``flyte.deploy`` does: settings and places found, then as on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flytectl_py.config import settings as config
from flytectl_py.config.resolution import Settings
from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.deployment_plan import AnyTask, DeploymentPlan, PlanOptions, plan_deployment
from flytectl_py.engines.image_building import BuildOptions, labelled
from flytectl_py.engines.image_options import image_options
from flytectl_py.engines.one_machine import is_here
from flytectl_py.engines.pickled import source_file
from flytectl_py.engines.remote import organisation
from flytectl_py.engines.run_bundle import code_of
from flytectl_py.errors import DeclarationError, NotReadyError, UsageError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.plan.deployment import closure


@dataclass(frozen=True)
class DeployedTask:
    """One task of a deployment.

    :param state: ``planned`` in a dry run; ``created``; ``unchanged`` where it was there with the same content.
    """

    name: str
    version: str
    state: Literal["planned", "created", "unchanged"]


@dataclass(frozen=True)
class Deployment:
    """What came of one environment, with those that it depends on.

    :param images: URIs by environment. :param bundle: the digest of the code that travels, None where none does.
    """

    environment: str
    version: str
    tasks: tuple[DeployedTask, ...]
    images: dict[str, str]
    bundle: str | None


def plan_of(
    environments: Sequence[Environment], version: str | None, interactive: bool | None, copy_style: str
) -> tuple[DeploymentPlan, Settings]:
    """Return the plan of a deployment that Python code asks for, and the settings that hold."""
    for each in environments:
        if not isinstance(each, Environment):
            raise UsageError(f"flyte.deploy takes environments, got {each!r}")
    if not environments:
        raise UsageError("flyte.deploy(…): which environment?", hint="flyte.deploy(env)")
    if version == "":
        raise DeclarationError(
            "deploy(version=…)", version, "give a version, or None: it follows from the content then"
        )
    settings = config.settings() or config.resolve(environ=os.environ)
    options = PlanOptions(
        project=settings.project,
        domain=settings.domain,
        org=organisation(settings),
        version=version or "",
        copy_style=copy_style,
        images=image_options(settings),
        needs_registry=not is_here(settings),
        where_version="deploy(version=…)",
        where_copy_style="deploy(copy_style=…)",
    )
    return plan_deployment(_code(environments, interactive, settings), environments, options), settings


def _code(environments: Sequence[Environment], interactive: bool | None, settings: Settings) -> Code:
    tasks: list[AnyTask] = [
        task for each in closure(environments) if isinstance(each, TaskEnvironment) for task in each.tasks.values()
    ]
    files = {task.name: source_file(task) for task in tasks}
    nowhere = next((name for name, file in files.items() if file is None), "")
    if nowhere:
        raise UsageError(
            f"the task {nowhere} was typed into a notebook or a REPL, and a deployed task is loaded from a module",
            hint="move it into a .py file; flyte.run takes it as it is",
            where="deploy(interactive_mode=…)" if interactive else "",
        )
    if interactive and tasks:
        raise DeclarationError(
            "deploy(interactive_mode=…)", interactive, f"the task {tasks[0].name} lives in {files[tasks[0].name]}"
        )
    if not tasks:
        place = environments[0].place
        return Code(Path(place.file).parent, (), Path(place.file), tuple(environments), dict(sys.modules))
    code, _ = code_of(tasks[0], None, settings.root_dir)
    return code._replace(needed=tuple(dict.fromkeys(str(file) for file in files.values())))


def carry_out(plan: DeploymentPlan, settings: Settings, note: Callable[[str], None]) -> dict[str, DeployedTask]:
    """Deploy what is planned, and return what came of each task, by name. Raises as `deploying.deploy`."""
    from flytectl_py.engines.deploying import Deploying, deploy
    from flytectl_py.engines.one_machine import building_for, executor_of
    from flytectl_py.engines.remote import remote_of

    if not settings.endpoint:
        raise NotReadyError(
            "nothing is deployed: no endpoint of a cluster is configured",
            hint="flyte.init_from_config() reads .flyte/config.toml (admin.endpoint), or flyte.init(endpoint=…), or "
            "set FLYTE_ENDPOINT; dryrun=True needs none",
        )
    building = BuildOptions(
        builder=settings.image_builder,
        where=settings.origin("image_builder"),
        secrets_dir=str(Path(plan.submission.code_root, ".flyte", "secrets")),
        note=note,
        progress=labelled(note),
    )
    building = building_for(executor_of(settings), building)
    deployed = deploy(plan, remote_of(settings, note=note), Deploying(building, note))
    return {
        each.task: DeployedTask(each.task, plan.version, "created" if each.state == "created" else "unchanged")
        for each in deployed.tasks
    }


def deployments(
    environments: Sequence[Environment], plan: DeploymentPlan, done: dict[str, DeployedTask] | None
) -> list[Deployment]:
    """Return one deployment for each environment that was asked for.

    :param done: by the names of tasks; None where nothing was sent.
    """
    found = []
    for each in environments:
        together = closure([each])
        tasks = [task for env in together if isinstance(env, TaskEnvironment) for task in env.tasks.values()]
        found.append(
            Deployment(
                each.name,
                plan.version,
                tuple(
                    DeployedTask(task.name, plan.version, "planned") if done is None else done[task.name]
                    for task in tasks
                ),
                {env.name: plan.uris[env.name] for env in together},
                None if plan.bundle is None else plan.bundle.digest,
            )
        )
    return found
