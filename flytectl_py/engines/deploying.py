"""Carries a deployment out: images built, code uploaded, every task stored; and what came of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from flytectl_py.bridge import run_calls
from flytectl_py.controlplane.api import AlreadyExistsError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines import version_history
from flytectl_py.engines.bundle_delivery import Delivered, packed_file
from flytectl_py.engines.bundle_history import remember
from flytectl_py.engines.bundle_upload import UploadMemory
from flytectl_py.engines.deployment_plan import AnyTask, DeploymentPlan, Message
from flytectl_py.engines.image_building import BuildOptions, ImageOutcome, build_images, ignore
from flytectl_py.engines.image_history import ImageHistory
from flytectl_py.engines.ledger import Ledger
from flytectl_py.engines.remote import Remote
from flytectl_py.engines.uploading import upload
from flytectl_py.errors import ConflictError, DeploymentError, FlyteError, NotReadyError
from flytectl_py.plan.bundle import BundlePlan
from flytectl_py.plan.deployment import is_image_tag

AT_ONCE: Final = 32
"""How many tasks are sent at the same time."""

TaskState = Literal["created", "unchanged", "conflict", "failed", "not sent"]


class TaskOutcome(NamedTuple):
    """What came of one task.

    :param state: ``created``; ``unchanged``: the version was there with the same content; ``conflict``: with other
        content; ``failed``; ``not sent``, as nobody answered any more.
    :param differing: of a conflict, the fields in which the contents differ.
    """

    task: str
    state: TaskState
    differing: tuple[str, ...] = ()
    error: FlyteError | None = None


@dataclass(frozen=True)
class Deployed:
    """What came of a deployment. `bundle` is where the code is, None where the images hold it."""

    plan: DeploymentPlan
    images: tuple[ImageOutcome, ...]
    tasks: tuple[TaskOutcome, ...]
    bundle: Delivered | None = None


class DeployFailedError(DeploymentError):
    """Some tasks could not be deployed; deploying again goes on with them."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Deploying:
    """How a plan is carried out.

    :param building: how images are built. :param note: takes sentences for the person.
    :param told: is told what came of each task, as it comes.
    """

    building: BuildOptions
    note: Callable[[str], None] = ignore
    told: Callable[[TaskOutcome], None] | None = None


def deploy(plan: DeploymentPlan, remote: Remote, how: Deploying) -> Deployed:
    """Build what images are missing, upload the code, store every task.

    Doing it again is safe: what is there already is not made twice. It blocks, and builds in the thread of the caller,
    which so can be interrupted.

    :raises ConflictError: the version exists with other content.
    :raises DeployFailedError: some tasks were refused; the message says which, and why.
    :raises NotReadyError: the control plane cannot be reached, or wants a log-in.
    :raises KeyboardInterrupt: the person stopped it; a note has said how far it was.
    :raises FlyteError: as building images and uploading do.
    """
    known: list[TaskOutcome] = []
    try:
        if not all(each.plan.given for each in plan.images):
            run_calls(remote.reach)
        images = build_images(plan.images, _tagged(plan, how), ImageHistory.of(Path(plan.submission.code_root)))
        bundle, outcomes = run_calls(lambda: _carry_out(plan, remote, _listening(how, known)))
    except KeyboardInterrupt:
        how.note(_interrupted(plan, known))
        raise
    _check(plan, outcomes)
    version_history.remember(plan, Ledger.of(Path(plan.submission.code_root)), "deploy")
    return Deployed(plan, tuple(images), tuple(outcomes), bundle)


def _listening(how: Deploying, known: list[TaskOutcome]) -> Deploying:
    """Return how to deploy, with what came of each task also put into `known`, as it comes."""

    def told(outcome: TaskOutcome) -> None:
        known.append(outcome)
        if how.told is not None:
            how.told(outcome)

    return replace(how, told=told)


def _interrupted(plan: DeploymentPlan, known: Sequence[TaskOutcome]) -> str:
    """Say what is stored, and that it does no harm to begin again. A task whose answer did not come may be there."""
    stored = sum(each.state in ("created", "unchanged") for each in known)
    return (
        f"interrupted: {stored} of {_count(len(plan.tasks))} {'is' if stored == 1 else 'are'} known to be stored as "
        f"version {plan.version}; deploying again goes on from here, and what is there already stays"
    )


async def _carry_out(
    plan: DeploymentPlan, remote: Remote, how: Deploying
) -> tuple[Delivered | None, list[TaskOutcome]]:
    async with remote.connect() as plane:
        bundle = None if plan.bundle is None else await _upload(plan, plan.bundle, plane, how)
        return bundle, await _send(plan if bundle is None else plan.with_bundle_at(bundle.place), plane, how)


def _tagged(plan: DeploymentPlan, how: Deploying) -> BuildOptions:
    """Let images that hold the code have the version as a further tag, where it was given."""
    if plan.bundle is not None or not plan.version_given:
        return how.building
    if not is_image_tag(plan.version):
        how.note(f"images are not tagged '{plan.version}' as well: no image can have such a tag")
        return how.building
    names = Counter((each.plan.registry, each.plan.name) for each in plan.images if not each.plan.given)
    for (_, name), count in names.items():
        if count > 1:
            how.note(
                f"{count} images are named {name}, so none of them is tagged '{plan.version}' as well; "
                "give each a name: Image.from_debian_base(name=…)"
            )
    return replace(how.building, tag=plan.version, tagged=frozenset(key for key, count in names.items() if count == 1))


async def _upload(plan: DeploymentPlan, bundle: BundlePlan, plane: ControlPlane, how: Deploying) -> Delivered:
    """Send the bundle, and return where it is."""
    there = plan.submission
    to = Destination(there.org, there.project, there.domain, f"{bundle.digest}.tar.gz")
    with packed_file(bundle) as (file, info):
        # What a run remembers of uploads is a hint, and what is deployed has to be there for long: it is sent again.
        put = await upload(plane, Path(file), to)
    UploadMemory(Path(there.code_root), plane, to).keep(put.uri)
    remember(bundle, Path(there.code_root), "deploy")
    how.note(f"code: {bundle.summary}" + ("" if put.uploaded else "; it was there already"))
    return Delivered(put.uri, info.bytes, put.uploaded, is_uri=True)


async def _send(plan: DeploymentPlan, plane: ControlPlane, how: Deploying) -> list[TaskOutcome]:
    gate = asyncio.Semaphore(AT_ONCE)
    unreachable = asyncio.Event()

    async def send(task: AnyTask) -> TaskOutcome:
        async with gate:
            if unreachable.is_set():
                return TaskOutcome(task.name, "not sent")
            outcome = await _send_one(plan, task, plane)
        if isinstance(outcome.error, NotReadyError):
            unreachable.set()
        if how.told is not None:
            how.told(outcome)
        return outcome

    return list(await asyncio.gather(*(send(task) for task in plan.tasks)))


async def _send_one(plan: DeploymentPlan, task: AnyTask, plane: ControlPlane) -> TaskOutcome:
    request = plan.request(task)
    try:
        try:
            await plane.tasks.deploy_task(request)
        except AlreadyExistsError:
            differing = await _differing(request, plane)
            return TaskOutcome(task.name, "conflict" if differing else "unchanged", tuple(differing))
    except FlyteError as error:
        return TaskOutcome(task.name, "failed", error=error)
    return TaskOutcome(task.name, "created")


async def _differing(request: Message, plane: ControlPlane) -> list[str]:
    """Return the fields in which what is stored differs from what was sent."""
    from flytectl_py.wire.rendering import differing_fields
    from flytectl_py.wire.task_spec import details_request

    found = await plane.tasks.get_task_details(details_request(request))
    return differing_fields(request.spec, found.details.spec)


def _check(plan: DeploymentPlan, outcomes: Sequence[TaskOutcome]) -> None:
    """Raise what the outcomes come to, if anything."""
    failed = [each for each in outcomes if each.state in ("failed", "not sent")]
    conflicts = [each for each in outcomes if each.state == "conflict"]
    if not failed and not conflicts:
        return
    error = _error(plan, outcomes, failed, conflicts)
    error.details = {"tasks": [_document(each) for each in outcomes]}
    raise error


def _error(
    plan: DeploymentPlan,
    outcomes: Sequence[TaskOutcome],
    failed: Sequence[TaskOutcome],
    conflicts: Sequence[TaskOutcome],
) -> FlyteError:
    lines = [f"\n  {each.task}: {_why(each)}" for each in (*conflicts, *failed)]
    done = len(outcomes) - len(failed) - len(conflicts)
    if not failed:
        return ConflictError(
            f"version {plan.version} exists with other content of {_count(len(conflicts))}, which stay as they are:"
            + "".join(lines),
            hint="give another --version, or none: it then follows from the content",
        )
    unreachable = next((each.error for each in failed if isinstance(each.error, NotReadyError)), None)
    message = f"{done} of {_count(len(outcomes))} are deployed, the others are not:" + "".join(lines)
    hint = "deploy again when that is mended: what is there already stays"
    if unreachable is not None:
        return NotReadyError(message, hint=unreachable.hint or hint, where=unreachable.where)
    return DeployFailedError(message, hint=hint)


def _document(outcome: TaskOutcome) -> dict[str, Any]:
    """Return what JSON says of a task of a deployment that did not complete."""
    error = None if outcome.error is None else {"code": outcome.error.code, "message": outcome.error.message}
    return {
        "task": outcome.task,
        "state": outcome.state,
        "differing": list(outcome.differing),
        "error": error,
    }


def _why(outcome: TaskOutcome) -> str:
    if outcome.state == "conflict":
        return f"differs in {', '.join(outcome.differing)}"
    return "not sent" if outcome.error is None else outcome.error.message


def _count(number: int) -> str:
    return f"{number} task{'s' if number != 1 else ''}"
