"""What a deployment would do, as tables that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flytectl_py.digest.manifest import short_digest
from flytectl_py.plan.bundle import shown_amount

if TYPE_CHECKING:
    from flytectl_py.engines.deployment_plan import DeploymentPlan
    from flytectl_py.engines.image_building import ImageOutcome


def tables(plan: DeploymentPlan, images: Sequence[ImageOutcome]) -> str:
    """Return version, code, images and tasks; the tasks with the environment and what they ask for."""
    code = "in the images"
    if plan.bundle is not None:
        code = f"{short_digest(plan.bundle.digest)} ({plan.bundle.copy_style}: {shown_amount(plan.bundle.manifest)})"
    where = f"{plan.submission.project}/{plan.submission.domain}"
    parts = [
        _table([("version", plan.version), ("project", where), ("code", code)]),
        "images\n" + _table(_image(each) for each in images),
        "tasks\n" + _table((task.name, task.environment.name, plan.uris[task.environment.name]) for task in plan.tasks),
    ]
    return "\n\n".join(parts)


def _image(outcome: ImageOutcome) -> tuple[str, ...]:
    planned = outcome.planned
    why = "given by its URI" if planned.plan.given else "; ".join(outcome.changed) or "built where it is missing"
    names = planned.environments
    shown = ", ".join(names[:3]) + (f", … {len(names) - 3} more" if len(names) > 3 else "")
    return f"  {planned.plan.uri}", shown, why


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows with their columns below each other."""
    listed = list(rows)
    widths = [max(len(row[at]) for row in listed) for at in range(len(listed[0]))] if listed else []
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in listed]
    return "\n".join(line.rstrip() for line in lines)
