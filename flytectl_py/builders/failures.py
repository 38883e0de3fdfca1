"""What is said when a build failed: the layer of the declaration, the step, and what the step printed."""

from __future__ import annotations

from collections.abc import Sequence

from flytectl_py.builders.build_steps import BuildSteps, short
from flytectl_py.errors import ImageBuildError
from flytectl_py.plan.image import ImagePlan, PlannedLayer

SHOWN_LINES = 30
MOST_WIDE = 200


def build_failure(plan: ImagePlan, output: BuildSteps, code: int) -> ImageBuildError:
    """Return the error of a build that failed with an exit code."""
    step = output.failed
    if step is None or not step.place:
        reason = output.reason or (step.error if step else "") or f"exit code {code}"
        error = ImageBuildError(f"image {plan.uri} could not be built: {reason}")
        error.hint = _hint(reason)
        return error
    layer = plan.layer_at(output.line) if output.line else None
    of = f"{layer_name(plan, layer)}: " if layer else ""
    reason = _short(step.error or output.reason)
    lines = [_cut(line) for line in list(step.lines)[-SHOWN_LINES:]]
    said = "".join(f"\n  {line}" for line in lines) if lines else ""
    where = f"{plan.dockerfile_path}:{output.line}" if output.line else ""
    error = ImageBuildError(f"image {plan.uri} could not be built: {of}{_cut(short(step.title))}: {reason}{said}")
    error.where = where
    error.hint = _hint("\n".join((reason, *lines)))
    return error


def layer_name(plan: ImagePlan, layer: PlannedLayer) -> str:
    """Return what a person calls a layer: ``with_pip_packages (layer 2 of 4)``."""
    place = next((number for number, each in enumerate(plan.layers, 1) if each is layer), 0)
    return f"{layer.declared_by or layer.kind} (layer {place} of {len(plan.layers)})"


def hidden(line: str, secrets: Sequence[bytes]) -> str:
    """Return a line without the values of secrets."""
    for each in secrets:
        text = each.decode(errors="replace").strip()
        if len(text) > 2:
            line = line.replace(text, "***")
    return line


def _short(error: str) -> str:
    # BuildKit repeats the whole command: process "/bin/sh -c …" did not complete successfully: exit code: 1
    return error.rpartition("did not complete successfully: ")[2] if "did not complete successfully" in error else error


def _cut(text: str) -> str:
    return text if len(text) <= MOST_WIDE else text[: MOST_WIDE - 1] + "…"


# What tools print, and what helps.
_HINTS = {
    **{
        f"failed to resolve source metadata for {image}": f"this machine must be able to pull it: {setting} in the "
        "configuration names a mirror"
        for image, setting in (
            ("docker.io/library/python", "image.base_registry"),
            ("docker.io/mambaorg/micromamba", "image.micromamba_image"),
            ("ghcr.io/astral-sh/uv", "image.uv_image"),
        )
    },
    "exec format error": "this machine cannot run programs of that platform: --platform builds for less",
    "failed to resolve source metadata": "check the base image's name, and that this machine may pull it",
    "pull access denied": "check the base image's name, and that this machine may pull it",
    "push access denied": "log in to the registry: docker login HOST",
    "failed to authorize": "log in to the registry: docker login HOST",
    "authentication required": "log in to the registry: docker login HOST",
    "no space left on device": "docker system df shows what takes the space, docker builder prune clears some",
    "Temporary failure resolving": "the build has no network, or no name server that works",
    "Could not resolve host": "the build has no network, or no name server that works",
    "dns error": "the build has no network, or no name server that works",
    "needs to be updated, but `--locked`": "the lock file is stale: uv lock",
    "since poetry.lock was last generated": "the lock file is stale: poetry lock",
}


def _hint(text: str) -> str:
    return next((hint for sign, hint in _HINTS.items() if sign in text), "")
