"""Looks at the code of a file or folder: its root, what would travel, its images, and whether they hold the code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.image_planning import (
    LAYOUT_HINT,
    ImageProject,
    PlannedImage,
    code_faults,
    plan_images,
    with_dependencies,
)
from flytectl_py.errors import FlyteError
from flytectl_py.model.image import Image
from flytectl_py.plan.diagnosis import Finding
from flytectl_py.plan.image_layout import holds
from flytectl_py.plan.image_plan import ImageOptions
from flytectl_py.project.loaded import Loaded


class Target(NamedTuple):
    """What was found of a file or folder.

    :param images: its images; none where they could not be planned. :param declared: it declares one of its own.
    """

    findings: tuple[Finding, ...]
    images: tuple[PlannedImage, ...] = ()
    declared: bool = False


def look_at(loaded: Loaded, options: ImageOptions, style: str) -> Target:
    """Look at the code that was loaded; nothing is built, sent or asked.

    :param style: the copy style.
    """
    findings = [Finding("root", "ok", f"{loaded.root.path} ({loaded.root.reason})")]
    code = Code(loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules))
    if style != "none":
        findings += _bundle(code, style)
    if not loaded.environments:
        return Target((*findings, Finding("images", "note", f"{loaded.target} declares no environment")))
    project = ImageProject(code.root, code.import_paths, code.target, code.environments, code.modules)
    try:
        images = plan_images(loaded.environments, project, options)
    except FlyteError as error:
        return Target((*findings, _fault("images", error)))
    findings += [Finding("images", "warning", each) for each in dict.fromkeys(_warnings(images))]
    findings += _layout(loaded, project, options, style)
    declared = any(isinstance(each.image, Image) for each in loaded.environments)
    return Target(tuple(findings), tuple(images), declared and not all(each.plan.given for each in images))


def _warnings(images: list[PlannedImage]) -> Iterator[str]:
    for each in images:
        yield from each.plan.warnings


def _bundle(code: Code, style: str) -> Iterator[Finding]:
    from flytectl_py.engines.bundling import Request, plan_bundle

    try:
        plan = plan_bundle(code, Request(style, cwd=os.getcwd()))
    except FlyteError as error:
        yield _fault("imports", error)
        return
    for warning in plan.warnings:
        text, _, remedy = warning.partition("; ")
        yield Finding("imports", "warning", text, remedy)
    if not plan.warnings:
        yield Finding("imports", "ok", f"what it imports can be imported from the root: {plan.summary}")


def _layout(loaded: Loaded, project: ImageProject, options: ImageOptions, style: str) -> Iterator[Finding]:
    """Yield the images that could not run their tasks with copy style none.

    With other styles the code travels, so those count only that hold it, and elsewhere than where it is imported from.
    """
    try:
        images = plan_images(loaded.environments, project, options, bake_code=True, check_code=False)
    except FlyteError as error:
        yield _fault("layout", error)
        return
    plans = {name: each.plan for each in images for name in each.environments}
    found = False
    for environment in with_dependencies(loaded.environments):
        plan = plans[environment.name]
        for task, file, path, wrong in code_faults(environment, plan, project.root):
            if style == "none" or holds(plan, file):
                found = True
                text = f"with copy style none the image of '{environment.name}' cannot run {task} of {path}: {wrong}"
                yield Finding("layout", "missing" if style == "none" else "warning", text, LAYOUT_HINT)
                break
    if not found:
        yield Finding("layout", "ok", "root and images agree")


def _fault(check: str, error: FlyteError) -> Finding:
    return Finding(check, "missing", error.message, error.hint or error.where)
