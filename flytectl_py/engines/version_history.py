"""What each version was made of when it was last sent: the code, the images and every task's specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flytectl_py.engines.bundle_history import MOST_FILES_ELSEWHERE, bundle_parts
from flytectl_py.engines.image_history import image_parts
from flytectl_py.engines.ledger import By, Entry, Ledger, settled
from flytectl_py.plan.changes import version_changes
from flytectl_py.plan.deployment import VERSION_RECIPE

if TYPE_CHECKING:
    from flytectl_py.engines.deployment_plan import DeploymentPlan

MOST_TASKS: Final = 500
"""Of a version: of more, the fields are not listed."""


_SETS: Final = ("images", "tasks")


def version_parts(plan: DeploymentPlan) -> dict[str, Any]:
    """Return what makes up the version of a plan, for the ledger."""
    from flytectl_py.wire.spec_fields import fields_of

    bare, few = plan.bare(), len(plan.tasks) <= MOST_TASKS
    tasks = {
        task.name: {"sha256": plan.digests[task.name], "fields": fields_of(bare.spec(task)) if few else None}
        for task in plan.tasks
    }
    return {
        "recipe": VERSION_RECIPE,
        "bundle": None if plan.bundle is None else bundle_parts(plan.bundle, MOST_FILES_ELSEWHERE),
        "images": {name: image_parts(each) for each in plan.images for name in each.environments},
        "tasks": tasks,
    }


def remember(plan: DeploymentPlan, ledger: Ledger, by: By) -> None:
    """Take `plan` as the last that was sent of its target."""
    ledger.keep("version", _subject(plan), plan.version, by, lambda: version_parts(plan))


def moved(plan: DeploymentPlan, parts: Mapping[str, Any], ledger: Ledger) -> tuple[Entry | None, tuple[str, ...]]:
    """Return the last version that was sent of the same, and what moved since; None where there was none.

    The same are the same environments of the same file or folder. Where those were never sent together, it is what
    was sent of that file last, and only what is in both is compared.
    A version that was given may have stayed the same while its parts moved.
    """
    now = settled(parts)
    before = ledger.last("version", _subject(plan))
    if before is not None:
        return before, tuple(version_changes(before.parts, now))
    related = (each for each in ledger.entries("version") if each.subject.startswith(f"{plan.target}: "))
    before = next(related, None)
    return before, () if before is None else tuple(version_changes(*_shared(before.parts, now)))


def _shared(*both: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts with only those images and tasks that are in both."""
    one, other = both
    return [
        {**parts, **{kind: {name: parts[kind][name] for name in one[kind] if name in other[kind]} for kind in _SETS}}
        for parts in both
    ]


def _subject(plan: DeploymentPlan) -> str:
    tasks = ", ".join(sorted(task.name for task in plan.tasks)) if plan.of_one_task else ""
    return f"{plan.target}: {tasks or ', '.join(sorted(each.name for each in plan.environments))}"
