"""Builds images with BuildKit, through ``docker buildx build``."""

from __future__ import annotations

import json
import os
import shutil
from typing import ClassVar

from flytectl_py.builders.api import BuildRequest
from flytectl_py.builders.build_steps import BuildSteps
from flytectl_py.builders.buildkit_output import BuildKitOutput
from flytectl_py.builders.container_builder import WITHOUT, ContainerBuilder, Work, last_line
from flytectl_py.builders.failures import build_failure
from flytectl_py.errors import NotReadyError
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.plan.image import ImagePlan

EMULATION = "https://docs.docker.com/build/building/multi-platform/#qemu"


class DockerBuilder(ContainerBuilder):
    """The daemon to which the ``docker`` command leads: DOCKER_HOST, a context, or the usual socket."""

    name: ClassVar[str] = "docker"

    def __init__(self) -> None:
        super().__init__()
        self._buildx: dict[str, str] | None = None

    def find(self) -> str:
        program = shutil.which("docker")
        if program is None:
            raise NotReadyError("docker is not on the PATH", hint=WITHOUT)
        code, out, err = self.ask("version", "--format", "{{json .}}")
        try:
            server = json.loads(out).get("Server") if out.strip() else None
        except ValueError:
            server = None
        if code or not isinstance(server, dict):
            raise NotReadyError(
                f"{program} reaches no daemon: {last_line(err or out)}", hint=f"start Docker; {WITHOUT}"
            )
        code, _, err = self.ask("buildx", "version")
        if code:
            raise NotReadyError(
                f"{program} has no buildx, with which images are built",
                hint="install Docker's plugin buildx: https://docs.docker.com/build/install-buildx/",
            )
        return f"{server.get('Os', 'linux')}/{server.get('Arch', '')}"

    def steps(self, plan: ImagePlan) -> BuildSteps:
        return BuildKitOutput()

    def environment(self) -> dict[str, str]:
        # An attestation says when and where an image was built, and makes an index of each image.
        return {
            **os.environ,
            "DOCKER_BUILDKIT": "1",
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            "DOCKER_CLI_HINTS": "false",
        }

    def run(self, work: Work) -> str:
        plan, request = work.plan, work.request
        metadata = work.folder / "metadata.json"
        command = ["docker", "buildx", "build", "--progress=plain", f"--platform={','.join(work.platforms)}"]
        command += [f"--file={plan.dockerfile_path}", f"--metadata-file={metadata}"]
        command += [f"--tag={uri}" for uri in (plan.uri, *request.also)]
        command.append("--push" if request.push else "--load")
        if request.no_cache:
            command.append("--no-cache")
        code = work.follow([*command, *work.options(), "-"], self.environment(), context=True)
        if code:
            raise build_failure(plan, work.steps, code)
        if not request.push or not metadata.exists():
            return ""
        return str(json.loads(metadata.read_bytes()).get("containerimage.digest", ""))

    def check_platforms(self, platforms: tuple[Architecture, ...], request: BuildRequest) -> None:
        builder = self._builder()
        can = {each.strip().rstrip("*") for each in builder.get("Platforms", "").split(",")}
        foreign = [each for each in platforms if can != {""} and each not in can]
        host = f"the builder '{builder.get('Name', 'default')}'"
        if foreign and request.plan.runs_programs:
            less = [each for each in platforms if each not in foreign]
            hint = f"--platform {','.join(less)} builds without; emulation: {EMULATION}" if less else EMULATION
            raise NotReadyError(f"{host} cannot run programs for {', '.join(foreign)}", hint=hint)
        if len(platforms) > 1 and builder.get("Driver") == "docker" and not self._keeps_indexes():
            raise NotReadyError(
                f"{host} builds for one platform at a time, not for {' and '.join(platforms)}",
                hint="docker buildx create --use makes one that can; or give one --platform",
            )

    def speaks_plainly(self, host: str) -> bool:
        code, out, _ = self.ask("info", "--format", "{{json .RegistryConfig.IndexConfigs}}")
        if code:
            return False
        entry = (json.loads(out or "{}") or {}).get(host)
        return isinstance(entry, dict) and entry.get("Secure") is False

    def _keeps_indexes(self) -> bool:
        code, out, _ = self.ask("info", "--format", "{{json .DriverStatus}}")
        return code == 0 and "io.containerd.snapshotter" in out

    def _builder(self) -> dict[str, str]:
        """Return what buildx says of the builder in use: ``Name``, ``Driver``, ``Platforms`` of its first node."""
        with self.lock:
            if self._buildx is None:
                code, out, err = self.ask("buildx", "inspect")
                if code:
                    raise NotReadyError(
                        f"the builder of buildx cannot be used: {last_line(err)}", hint="docker buildx ls"
                    )
                said: dict[str, str] = {}
                for each in out.splitlines():
                    key, _, value = each.partition(":")
                    said.setdefault(key.strip(), value.strip())
                self._buildx = said
            return self._buildx
