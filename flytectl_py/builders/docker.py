"""Builds images with BuildKit, through ``docker buildx build``."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.builders.processes import Processes
from flytectl_py.builders.reference import parse
from flytectl_py.errors import FlyteError, NotReadyError, UsageError
from flytectl_py.model.image_arguments import Architecture

if TYPE_CHECKING:
    from flytectl_py.builders.registry_api import RegistryApi

WITHOUT = "--emit-dockerfile DIR writes the Dockerfile and its context, to build elsewhere"
EMULATION = "https://docs.docker.com/build/building/multi-platform/#qemu"


class Daemon(NamedTuple):
    """The daemon that answers; `platform` is its own, such as ``linux/amd64``."""

    version: str
    platform: str


class DockerBuilder:
    """The daemon to which the ``docker`` command leads: DOCKER_HOST, a context, or the usual socket."""

    name: ClassVar[str] = "docker"
    pushes: ClassVar[bool] = True

    def __init__(self) -> None:
        self._processes = Processes()
        self._lock = threading.RLock()
        self._daemon: Daemon | None = None
        self._builder: dict[str, str] | None = None
        self._registry_api: RegistryApi | None = None

    def refusals(self, request: BuildRequest) -> list[str]:
        found = []
        if request.output:
            found.append("it builds images and writes no folder: the builder 'dockerfile' does")
        unpushable = [uri for uri in (request.plan.uri, *request.also) if request.push and _is_local(uri)]
        found.extend(f"{uri} names no registry to push to: give --registry, or --no-push" for uri in unpushable)
        missing = [each.secret.key for each in request.plan.secrets if each.id not in request.secrets]
        found.extend(f"the value of the secret '{key}' is not known here" for key in missing)
        return found

    def prepare(self, request: BuildRequest) -> None:
        daemon = self._daemon_that_answers()
        platforms = self._platforms(request, daemon)
        self._check_base(request, platforms)
        self._check_emulation(platforms)
        if request.push:
            for uri in (request.plan.uri, *request.also):
                answer = self._registries().may_push(uri)
                if answer.existence is not Existence.EXISTS:
                    raise NotReadyError(f"{uri} cannot be pushed: {answer.message}", hint=answer.hint)

    def exists(self, uri: str) -> Answer:
        if not _is_local(uri):
            return self._registries().exists(uri)
        code, out, err = self._ask("image", "inspect", "--format", "{{.Id}}", uri)
        if code == 0:
            return Answer(uri, Existence.EXISTS, f"{uri} is with the Docker daemon", digest=out.strip())
        if "no such image" in err.lower():
            return Answer(uri, Existence.ABSENT, f"the Docker daemon has no {uri}")
        return Answer(uri, Existence.UNREACHABLE, f"the Docker daemon cannot be asked: {_last(err)}", WITHOUT)

    def build(self, request: BuildRequest) -> BuildResult:
        from flytectl_py.builders.build_context import write_context
        from flytectl_py.builders.buildkit_output import BuildOutput
        from flytectl_py.builders.failures import build_failure, hidden

        began = time.monotonic()
        platforms = self._platforms(request, self._daemon_that_answers())
        output = BuildOutput()
        values = [value for value in request.secrets.values() if value]

        def line(text: str) -> None:
            shown = output.take(hidden(text, values))
            if shown is not None:
                request.progress(shown)

        with tempfile.TemporaryDirectory(dir=_memory()) as work:
            command = self._command(request, platforms, Path(work))
            code = self._processes.follow(
                command, lambda stream: write_context(request.plan, stream), line, self._environment()
            )
            if self._processes.cancelled:
                raise FlyteError(f"the build of {request.plan.uri} was stopped")
            if code:
                raise build_failure(request.plan, output, code)
            digest = _metadata(Path(work)).get("containerimage.digest", "") if request.push else ""
        return BuildResult(
            request.plan.uri, "built", platforms, time.monotonic() - began, digest, _notes(request, platforms)
        )

    def cancel(self) -> None:
        """Stop the builds that run, from any thread. An image gets its name at the very end: none is left half done."""
        self._processes.cancel()

    def lacking(self) -> str:
        """Return why this builder cannot work here, in a sentence; empty when it can."""
        try:
            self._daemon_that_answers()
        except NotReadyError as error:
            return error.message
        return ""

    def _command(self, request: BuildRequest, platforms: tuple[Architecture, ...], work: Path) -> list[str]:
        plan = request.plan
        command = ["docker", "buildx", "build", "--progress=plain", f"--platform={','.join(platforms)}"]
        command += [f"--file={plan.dockerfile_path}", f"--metadata-file={work / 'metadata.json'}"]
        command += [f"--tag={uri}" for uri in (plan.uri, *request.also)]
        command.append("--push" if request.push else "--load")
        if request.no_cache:
            command.append("--no-cache")
        for number, secret in enumerate(plan.secrets):
            # A file in a folder of our own, in memory where that can be had: a command line and an environment show.
            file = work / f"secret{number}"
            file.touch(0o600)
            file.write_bytes(request.secrets[secret.id])
            command += ["--secret", f"id={secret.id},src={file}"]
        return [*command, "-"]

    def _environment(self) -> dict[str, str]:
        # An attestation says when and where an image was built, and makes an index of each image.
        return {
            **os.environ,
            "DOCKER_BUILDKIT": "1",
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            "DOCKER_CLI_HINTS": "false",
        }

    def _platforms(self, request: BuildRequest, daemon: Daemon) -> tuple[Architecture, ...]:
        """Return the platforms to build: all that are wanted, but one where the daemon itself keeps the image."""
        wanted = request.platforms or request.plan.platforms
        if request.push or len(wanted) == 1:
            return wanted
        return tuple(each for each in wanted if each == daemon.platform) or wanted[:1]

    def _check_base(self, request: BuildRequest, platforms: tuple[Architecture, ...]) -> None:
        """Refuse platforms that the base is not there for. Where nobody knows, BuildKit will say."""
        base = request.plan.base
        if not base or base == "scratch":
            return
        offered = self._registries().platforms(base).platforms
        if offered is None:
            code, out, _ = self._ask("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", base)
            offered = (out.strip(),) if code == 0 else None
        lacking = [] if offered is None else [each for each in platforms if each not in offered]
        if lacking and offered is not None:
            has = [each for each in platforms if each in offered]
            hint = f"build for less: --platform {','.join(has)}" if has else "choose another base, or another platform"
            raise UsageError(
                f"the base image {base} is not there for {', '.join(lacking)}: it has {', '.join(offered)}", hint=hint
            )

    def _check_emulation(self, platforms: tuple[Architecture, ...]) -> None:
        builder = self._buildx()
        can = {each.strip().rstrip("*") for each in builder.get("Platforms", "").split(",")}
        foreign = [each for each in platforms if can != {""} and each not in can]
        host = f"the builder '{builder.get('Name', 'default')}'"
        if foreign:
            less = [each for each in platforms if each not in foreign]
            hint = f"--platform {','.join(less)} builds without; emulation: {EMULATION}" if less else EMULATION
            raise NotReadyError(f"{host} cannot run programs for {', '.join(foreign)}", hint=hint)
        if len(platforms) > 1 and builder.get("Driver") == "docker" and not self._keeps_indexes():
            raise NotReadyError(
                f"{host} builds for one platform at a time, not for {' and '.join(platforms)}",
                hint="docker buildx create --use makes one that can; or give one --platform",
            )

    def _keeps_indexes(self) -> bool:
        code, out, _ = self._ask("info", "--format", "{{json .DriverStatus}}")
        return code == 0 and "io.containerd.snapshotter" in out

    def _daemon_that_answers(self) -> Daemon:
        with self._lock:
            if self._daemon is None:
                self._daemon = self._found()
            return self._daemon

    def _found(self) -> Daemon:
        import shutil

        program = shutil.which("docker")
        if program is None:
            raise NotReadyError("docker is not on the PATH", hint=WITHOUT)
        code, out, err = self._ask("version", "--format", "{{json .}}")
        try:
            server = json.loads(out).get("Server") if out.strip() else None
        except ValueError:
            server = None
        if code or not isinstance(server, dict):
            raise NotReadyError(f"{program} reaches no daemon: {_last(err or out)}", hint=f"start Docker; {WITHOUT}")
        code, _, err = self._ask("buildx", "version")
        if code:
            raise NotReadyError(
                f"{program} has no buildx, with which images are built",
                hint="install Docker's plugin buildx: https://docs.docker.com/build/install-buildx/",
            )
        return Daemon(str(server.get("Version", "")), f"{server.get('Os', 'linux')}/{server.get('Arch', '')}")

    def _buildx(self) -> dict[str, str]:
        """Return what buildx says of the builder in use: ``Name``, ``Driver``, ``Platforms`` of its first node."""
        with self._lock:
            if self._builder is None:
                code, out, err = self._ask("buildx", "inspect")
                if code:
                    raise NotReadyError(f"the builder of buildx cannot be used: {_last(err)}", hint="docker buildx ls")
                said: dict[str, str] = {}
                for each in out.splitlines():
                    key, _, value = each.partition(":")
                    said.setdefault(key.strip(), value.strip())
                self._builder = said
            return self._builder

    def _registries(self) -> RegistryApi:
        with self._lock:
            if self._registry_api is None:
                from flytectl_py.builders.registry_api import RegistryApi
                from flytectl_py.builders.registry_exchange import Exchange

                self._registry_api = RegistryApi(Exchange(insecure=self._speaks_plainly))
            return self._registry_api

    def _speaks_plainly(self, host: str) -> bool:
        """Whether the daemon is configured to speak plain HTTP to a registry."""
        code, out, _ = self._ask("info", "--format", "{{json .RegistryConfig.IndexConfigs}}")
        if code:
            return False
        entry = json.loads(out or "{}").get(host)
        return isinstance(entry, dict) and entry.get("Secure") is False

    def _ask(self, *arguments: str) -> tuple[int, str, str]:
        return self._processes.ask(["docker", *arguments], self._environment())


def _is_local(uri: str) -> bool:
    """Whether an image without a registry is meant, which only the daemon has."""
    reference = parse(uri)
    return not reference.named_registry and "/" not in uri


def _notes(request: BuildRequest, platforms: tuple[Architecture, ...]) -> tuple[str, ...]:
    left_out = [each for each in request.platforms or request.plan.platforms if each not in platforms]
    if not left_out:
        return ()
    return (f"not built for {', '.join(left_out)}: a daemon keeps one platform of an image, a registry keeps all",)


def _memory() -> str | None:
    """Return a folder that is in memory, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108  a new folder is made in it


def _metadata(work: Path) -> dict[str, Any]:
    try:
        document = json.loads((work / "metadata.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
