"""Writes the Dockerfile and its context to a folder, for whatever builds images elsewhere; needs no daemon."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import ClassVar

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.builders.context_folder import write_folder
from flytectl_py.model.ported_layers import FileSecret
from flytectl_py.plan.dockerfile import BASE_USER
from flytectl_py.plan.image import ImagePlan


class DockerfileBuilder:
    """Writes to ``request.output``, an empty folder or a new one."""

    name: ClassVar[str] = "dockerfile"
    pushes: ClassVar[bool] = False

    def refusals(self, request: BuildRequest) -> list[str]:
        found = [] if request.output else ["it needs a folder to write to: --emit-dockerfile DIR"]
        return [*found, "it pushes nothing: leave out --push"] if request.push else found

    def prepare(self, request: BuildRequest) -> None:
        """Nothing can fail that writing does not say."""

    def exists(self, uri: str) -> Answer:
        return Answer(uri, Existence.ABSENT, f"{uri} was not asked for: the builder '{self.name}' asks no registry")

    def build(self, request: BuildRequest) -> BuildResult:
        began = time.perf_counter()
        folder = Path(request.output)
        count = write_folder(request.plan, folder)
        platforms = request.platforms or request.plan.platforms
        return BuildResult(
            request.plan.uri,
            "written",
            platforms,
            time.perf_counter() - began,
            notes=(
                f"{count} file{'' if count == 1 else 's'} in {folder}; build them: {_command(request)}",
                *_user_note(request.plan),
            ),
        )

    def cancel(self) -> None:
        """Nothing runs for long."""

    def lacking(self) -> str:
        return ""


def _user_note(plan: ImagePlan) -> tuple[str, ...]:
    if not plan.restores_user:
        return ()
    return (f"it runs as root, unless --build-arg {BASE_USER}=USER says as whom its base {plan.base} does",)


def _command(request: BuildRequest) -> str:
    """Return what builds the folder with Docker."""
    plan = request.plan
    words = ["docker", "buildx", "build", "--platform", ",".join(request.platforms or plan.platforms)]
    for each in plan.secrets:
        secret = each.secret
        source = f"src={secret.file}" if isinstance(secret, FileSecret) else f"env={secret.as_env_var or secret.key}"
        words += ["--secret", f"id={each.id},{source}"]
    for uri in (plan.uri, *request.also):
        words += ["--tag", uri]
    if plan.dockerfile_path != "Dockerfile":
        words += ["--file", str(Path(request.output, plan.dockerfile_path))]
    return shlex.join([*words, request.output])
