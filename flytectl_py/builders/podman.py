"""Builds images with Podman: no daemon, and no root where the machine is set up for that."""

from __future__ import annotations

import shutil
from typing import ClassVar

from flytectl_py.builders.api import BuildRequest
from flytectl_py.builders.build_steps import BuildSteps
from flytectl_py.builders.buildah_output import BuildahOutput
from flytectl_py.builders.container_builder import WITHOUT, ContainerBuilder, Work, is_local, last_line
from flytectl_py.builders.failures import build_failure
from flytectl_py.builders.reference import is_loopback, parse
from flytectl_py.errors import NotReadyError
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.plan.image import ImagePlan

PLAIN = "--tls-verify=false"


class PodmanBuilder(ContainerBuilder):
    """The ``podman`` command, with the configuration that it finds by itself."""

    name: ClassVar[str] = "podman"

    def find(self) -> str:
        program = shutil.which("podman")
        if program is None:
            raise NotReadyError("podman is not on the PATH", hint=WITHOUT)
        code, out, err = self.ask("info", "--format", "{{.Host.OS}}/{{.Host.Arch}}")
        if code:
            raise NotReadyError(f"{program} does not work: {last_line(err)}", hint=f"podman info; {WITHOUT}")
        return out.strip()

    def steps(self, plan: ImagePlan) -> BuildSteps:
        return BuildahOutput(plan.dockerfile)

    def check_platforms(self, platforms: tuple[Architecture, ...], request: BuildRequest) -> None:
        if request.also and len(platforms) > 1:
            raise NotReadyError(
                "podman gives an image of several platforms one name only",
                hint="give one --platform, or build with docker",
            )

    def run(self, work: Work) -> str:
        plan, request = work.plan, work.request
        several = len(work.platforms) > 1
        command = ["podman", "build", f"--platform={','.join(work.platforms)}", f"--file={plan.dockerfile_path}"]
        # A name by which several platforms are kept together, or names for the one.
        command += [f"--manifest={plan.uri}"] if several else [f"--tag={uri}" for uri in (plan.uri, *request.also)]
        command += [PLAIN] if _all_loopback(plan) else []
        # Its cache tells platforms apart by their bases only, and an image from nothing has none.
        command += ["--no-cache"] if request.no_cache or (several and plan.base in ("", "scratch")) else []
        if several:
            self.ask("manifest", "rm", plan.uri)  # what an earlier build left would be added to
        if code := work.follow([*command, *work.options(), "-"], self.environment(), context=True):
            raise build_failure(plan, work.steps, code)
        if not request.push:
            return ""
        digests = [self._pushed(work, uri, several=several) for uri in (*request.also, plan.uri)]
        return digests[-1]

    def _pushed(self, work: Work, uri: str, *, several: bool) -> str:
        digest = work.folder / "digest"
        command = ["podman", *(("manifest", "push", "--all") if several else ("push",)), f"--digestfile={digest}"]
        command += [PLAIN] if is_loopback(parse(uri).host) else []
        if code := work.follow([*command, uri, f"docker://{uri}"], self.environment(), context=False):
            raise build_failure(work.plan, work.steps, code)
        return digest.read_text().strip()


def _all_loopback(plan: ImagePlan) -> bool:
    """Whether plain HTTP may be spoken to all registries of a build: as Docker does to those of this machine."""
    images = [each for each in (plan.base, plan.uv_image, plan.micromamba_image) if each and each != "scratch"]
    return bool(images) and all(not is_local(each) and is_loopback(parse(each).host) for each in images)
