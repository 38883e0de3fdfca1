"""Where the user's code lies in an image that holds it, and whether tasks can be imported from there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from flytectl_py.plan.image import ImagePlan

DEBIAN_WORKDIR = "/root"
COPIES = ("source-file", "source-folder", "code-bundle")


def why_not_importable(plan: ImagePlan, location: str, path: str) -> str:
    """Return why a module cannot be imported in the working directory of an image; empty where it can, or may.

    What nobody here can know passes: an image that was given, a Dockerfile of the user's, a base of the user's where
    nothing copies the module, commands that may bring it, a PYTHONPATH of the image's own.

    :param location: the module's file here, absolute. :param path: the same below the root, as it is imported; POSIX.
    """
    kinds = [each.kind for each in plan.layers]
    sets_path = any(each.kind == "env" and "PYTHONPATH" in dict(_variables(each.fields)) for each in plan.layers)
    if plan.given or "dockerfile" in kinds or sets_path:
        return ""
    workdir, places = _places(plan, location)
    wanted = posixpath.join(workdir, path)
    if wanted in places:
        return ""
    if places:
        return f"the image has it at {places[0]}, and it is imported from {wanted}"
    if "commands" in kinds or not _on_debian(plan):
        return ""
    return f"nothing copies it into the image, where it is imported from {wanted}"


def holds(plan: ImagePlan, location: str) -> bool:
    """Whether a layer copies the file at `location` into the image, wherever to."""
    return bool(_places(plan, location)[1])


def _places(plan: ImagePlan, location: str) -> tuple[str, list[str]]:
    """Return the last working directory (relative where the base has one of its own), and every place of a file."""
    workdir = DEBIAN_WORKDIR if _on_debian(plan) else ""
    places = []
    for layer in plan.layers:
        if layer.kind == "workdir":
            workdir = posixpath.normpath(posixpath.join(workdir, str(layer.fields["workdir"])))
        if layer.kind in COPIES:
            folder = posixpath.join(workdir, str(layer.fields["folder"]))
            names = [each.path.partition("/")[2] for each in layer.files if each.location == location]
            places += [posixpath.normpath(posixpath.join(folder, name)) for name in names]
    return workdir, places


def _on_debian(plan: ImagePlan) -> bool:
    # Only the base of ours is written with a working directory.
    return f"\nFROM {plan.base}\nWORKDIR {DEBIAN_WORKDIR}\n" in f"\n{plan.dockerfile}"


def _variables(fields: object) -> Iterator[tuple[str, object]]:
    variables = fields.get("variables") if hasattr(fields, "get") else None
    if isinstance(variables, dict):
        yield from variables.items()
