"""What is said of a build that failed: what helps, by what tools print."""

from __future__ import annotations

import pytest

from flytectl_py.builders.buildkit_output import BuildKitOutput
from flytectl_py.builders.failures import build_failure
from flytectl_py.plan.image import ImagePlan

# As uv 0.11 and Poetry 2.5 print it.
UV = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided."
POETRY = "pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix it."


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (UV, "the lock file is stale: uv lock"),
        (POETRY, "the lock file is stale: poetry lock"),
        ("write /x: no space left on device", "docker system df shows what takes the space, docker builder prune"),
        (
            "failed to resolve source metadata for docker.io/mambaorg/micromamba:2: no such host",
            "this machine must be able to pull it: image.micromamba_image in the configuration names a mirror",
        ),
        (
            "failed to resolve source metadata for nvcr.io/x:1: no such host",
            "check the base image's name, and that this machine may pull it",
        ),
        ("ModuleNotFoundError: No module named 'nope'", ""),
    ],
)
def test_what_helps(said: str, hint: str) -> None:
    output = BuildKitOutput()
    for line in ("#5 [2/2] RUN x", f"#5 0.2 {said}", "#5 ERROR: process x did not complete successfully: exit code: 1"):
        output.take(line)
    error = build_failure(ImagePlan("flyte:1"), output, 1)
    assert said in error.message
    assert error.hint.startswith(hint)
    assert bool(error.hint) is bool(hint)
