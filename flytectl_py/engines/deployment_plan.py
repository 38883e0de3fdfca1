"""The plan of a deployment or a run: environments, images, code, version, and the specification of each task."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.engines.bundle_imports import Code, target_of
from flytectl_py.engines.deployable import check_identity, check_tasks, checked_spec, said_of
from flytectl_py.engines.image_planning import ImageProject, PlannedImage, plan_images
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.model.image import Image
from flytectl_py.model.task import Task
from flytectl_py.plan.bundle import BundlePlan, checked_copy_style
from flytectl_py.plan.deployment import checked_version, closure, derived_version
from flytectl_py.plan.image_plan import AUTO, ImageOptions

if TYPE_CHECKING:
    from flytectl_py.project.git import Commit
    from flytectl_py.wire.task_spec import Submission

AnyTask = Task[..., Any]
Message = Any
"""A message of the protocol. It is made and read in `wire/`, and only handed on here."""

METHOD: Final = "TaskService.DeployTask"


@dataclass(frozen=True)
class PlanOptions:
    """What is not of the code.

    :param version: empty where it follows from the content. :param where_version: who gives it, for errors.
    :param needs_registry: images have to travel: one that goes to no registry is warned of.
    :param include: of ``--include``, relative to `cwd`. :param where_copy_style: who gives the style, for errors.
    """

    project: str
    domain: str
    org: str = ""
    version: str = ""
    copy_style: str = "loaded_modules"
    include: tuple[str, ...] = ()
    cwd: str = ""
    images: ImageOptions = field(default_factory=ImageOptions)
    env_vars: Mapping[str, str] = field(default_factory=dict)
    needs_registry: bool = True
    where_version: str = "--version"
    where_copy_style: str = "--copy-style"


@dataclass(frozen=True)
class DeploymentPlan:
    """Everything that a deployment sends, known before anything is sent.

    :param environments: in the order in which they depend on each other. :param tasks: those that are deployed.
    :param bundle: None where the images hold the code. :param commit: that is checked out, if any.
    :param submission: what all tasks share; the image is each environment's own.
    :param uris: of images, by environment. :param cache_versions: of cached outputs, by task.
    :param version_given: the version is the user's own.
    :param warnings: sentences for the person.
    :param target: the file or folder, relative to the root. :param of_one_task: it is the plan of a run.
    :param digests: SHA-256 of the content of each task's specification.
    """

    version: str
    environments: tuple[Environment, ...]
    tasks: tuple[AnyTask, ...]
    images: tuple[PlannedImage, ...]
    bundle: BundlePlan | None
    submission: Submission
    uris: Mapping[str, str] = field(default_factory=dict)
    cache_versions: Mapping[str, str] = field(default_factory=dict)
    commit: Commit | None = None
    version_given: bool = False
    warnings: tuple[str, ...] = ()
    target: str = ""
    of_one_task: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)

    def with_bundle_at(self, uri: str) -> DeploymentPlan:
        """Return the plan once the bundle is uploaded: its address was not known before."""
        bundle = self.submission.bundle
        if bundle is None:
            return self
        return replace(self, submission=self.submission._replace(bundle=bundle._replace(uri=uri)))

    def bare(self) -> DeploymentPlan:
        """Return the plan without its version and without where it goes: what the derived version is made of."""
        there = self.submission._replace(version="", project="", domain="", org="", source=None, image_cache={})
        return replace(self, submission=there)

    def submission_of(self, task: AnyTask) -> Submission:
        """Return what the specification of one task is made from."""
        return self.submission._replace(
            image=self.uris[task.environment.name], cache_version=self.cache_versions[task.name]
        )

    def spec(self, task: AnyTask) -> Message:
        """Return the specification of one task."""
        from flytectl_py.wire.task_spec import task_spec

        return said_of(task, lambda: task_spec(task, self.submission_of(task)))

    def request(self, task: AnyTask) -> Message:
        """Return the request that deploys one task."""
        from flytectl_py.wire.task_spec import deploy_request

        return said_of(task, lambda: deploy_request(task, self.submission_of(task)))

    def requests(self) -> Iterator[dict[str, Any]]:
        """Yield the requests as JSON, in the order of the tasks: ``{"method": …, "request": …}``."""
        from flytectl_py.wire.rendering import as_json

        for task in self.tasks:
            yield {"method": METHOD, "request": as_json(self.request(task))}


def plan_deployment(code: Code, environments: Iterable[Environment], options: PlanOptions) -> DeploymentPlan:
    """Plan to deploy every task of `environments` and of those that they depend on.

    Reads the project and nothing else: no network, no daemon.

    :raises UsageError: there is no task, two have one name, environments depend on each other in a circle, no container
        could find a task, or as `plan_bundle`.
    :raises DeclarationError: a signature or a pod template that cannot be.
    :raises InvalidImageError, UnknownNameError: as `plan_images`.
    """
    together = closure(environments)
    tasks = [task for each in together if isinstance(each, TaskEnvironment) for task in each.tasks.values()]
    plan = plan_tasks(code, together, tasks, options)
    for task in tasks:
        check_identity(task, plan.submission)
    return plan


def plan_run(code: Code, task: AnyTask, options: PlanOptions) -> DeploymentPlan:
    """Plan to run one task: as `plan_deployment`, with the specification of that task only.

    A task that lives in no file travels pickled.
    """
    from flytectl_py.engines.pickled import plan_pickled, source_file

    pickled = plan_pickled(code, task) if source_file(task) is None else None
    return replace(plan_tasks(code, closure([task.environment]), [task], options, pickled), of_one_task=True)


def plan_tasks(
    code: Code,
    environments: tuple[Environment, ...],
    tasks: Sequence[AnyTask],
    options: PlanOptions,
    pickled: BundlePlan | None = None,
) -> DeploymentPlan:
    """Plan to send `tasks` of `environments`, which are a closure. Raises as `plan_deployment`.

    :param pickled: the bundle that holds the only task, instead of the project's files.
    """
    from flytectl_py.project.git import commit_of
    from flytectl_py.wire.task_spec import CodeBundle, SourceLink, Submission

    check_tasks(tasks, code.target)
    style = checked_copy_style(options.copy_style, options.where_copy_style)
    version = checked_version(options.version, options.where_version) if options.version else ""
    project = ImageProject(code.root, code.import_paths, code.target, code.environments, code.modules)
    images = plan_images(environments, project, options.images, bake_code=style == "none" and pickled is None)
    bundle = pickled or _bundle(code, style, options)
    uris = {name: image.plan.uri for image in images for name in image.environments}
    versions = {each.name: _cache_version(each, uris[each.environment.name]) for each in tasks}
    commit = commit_of(code.root)
    submission = Submission(
        project=options.project,
        domain=options.domain,
        org=options.org,
        version=version,
        image="",
        image_cache={each.name: uris[each.name] for each in environments if _is_looked_up(each)},
        bundle=None if bundle is None else CodeBundle(f"{bundle.digest}.tar.gz", pickled=pickled is not None),
        sys_path=_sys_path(code),
        code_root=str(code.root),
        source=SourceLink(commit.top, commit.url) if commit is not None and commit.url else None,
        env_vars=options.env_vars,
    )
    plan = DeploymentPlan(
        version,
        environments,
        tuple(tasks),
        tuple(images),
        bundle,
        submission,
        uris,
        versions,
        commit,
        bool(version),
        target=target_of(code),
    )
    derived, digests = _derived(plan)
    if not version:
        plan = replace(plan, version=derived, submission=submission._replace(version=derived))
    return replace(plan, digests=digests, warnings=tuple(_warnings(plan, style, options)))


def _derived(plan: DeploymentPlan) -> tuple[str, dict[str, str]]:
    """Return the version that follows from the content, and the SHA-256 of each task's specification.

    Each specification is made for it, and so is checked.
    """
    from flytectl_py.wire.rendering import content_of

    bare, digests = plan.bare(), {}

    def contents() -> Iterator[bytes]:
        for task in plan.tasks:
            content = content_of(checked_spec(task, bare.spec(task)))
            digests[task.name] = hashlib.sha256(content).hexdigest()
            yield content

    version = derived_version(
        plan.bundle.digest if plan.bundle is not None else "",
        [each.plan.tag or each.plan.uri for each in plan.images],
        contents(),
    )
    return version, digests


def _bundle(code: Code, style: str, options: PlanOptions) -> BundlePlan | None:
    if style == "none" and not options.include:
        return None
    from flytectl_py.engines.bundling import Request, plan_bundle

    return plan_bundle(code, Request(style, options.include, options.cwd, where=options.where_copy_style))


def _is_looked_up(environment: Environment) -> bool:
    """Whether tasks learn from the table of images where this one's is: a fixed URI needs no table."""
    return isinstance(environment.image, Image) or environment.image == AUTO


def _sys_path(code: Code) -> tuple[str, ...]:
    """Return where modules are found, relative to the folder into which the code is unpacked."""
    paths = code.import_paths or (code.root,)
    relative = [os.path.relpath(each, code.root).replace(os.sep, "/") for each in paths]
    return tuple(f"./{each}" for each in dict.fromkeys(relative) if not each.startswith(".."))


def _warnings(plan: DeploymentPlan, style: str, options: PlanOptions) -> Iterator[str]:
    if plan.bundle is not None:
        yield from plan.bundle.warnings
    homeless = [
        name for each in plan.images if not (each.plan.given or each.plan.registry) for name in each.environments
    ]
    if homeless and options.needs_registry:
        shown = ", ".join(homeless[:3]) + (f" and {len(homeless) - 3} more" if len(homeless) > 3 else "")
        go, them = ("images go", "them") if len(homeless) > 1 else ("an image goes", "it")
        yield (
            f"{go} to no registry ({shown}), so only a cluster on this machine can run {them}; "
            "give --registry HOST/PATH, Image(…, registry=…), or image.registry in the configuration"
        )
    yield from _pickled(plan)
    if style == "none" and not plan.version_given:
        offer = f"--version {plan.commit.sha[:12]}, the commit that is checked out" if plan.commit else "--version NAME"
        yield (
            f"copy style none without a version: {plan.version} follows from the images and the tasks; "
            f"to say which release it is, give {offer}"
        )


def _pickled(plan: DeploymentPlan) -> Iterator[str]:
    from flytectl_py.wire.interfaces import pickled

    found = [f"{name} of {task.name} ({said})" for task in plan.tasks for name, said in pickled(task.interface).items()]
    if found:
        shown = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
        yield (
            f"{shown}: such values travel as pickles, which only the same Python and the same versions of libraries "
            "read; annotate a type that travels as itself, such as a dataclass, a list or a dict"
        )


def _cache_version(task: AnyTask, image: str) -> str:
    from flytectl_py.engines.cache_version import auto_version

    return str(said_of(task, lambda: auto_version(task, image)))
