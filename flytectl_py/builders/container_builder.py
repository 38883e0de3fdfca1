"""What Docker and Podman have in common: one program that keeps images, and builds them from a context on its input."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from flytectl_py.builders.api import Answer, BuildRequest, BuildResult, Existence
from flytectl_py.builders.processes import Processes
from flytectl_py.builders.reference import parse
from flytectl_py.errors import FlyteError, NotReadyError, UsageError
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.model.ported_layers import FileSecret
from flytectl_py.plan.dockerfile import BASE_USER
from flytectl_py.plan.image import ImagePlan

if TYPE_CHECKING:
    from flytectl_py.builders.build_steps import BuildSteps
    from flytectl_py.builders.registry_api import RegistryApi

WITHOUT = "'flyte build --emit-dockerfile DIR' writes the Dockerfile and its context, to build elsewhere"


class ContainerBuilder(ABC):
    """Everything but how the program is called and what it prints."""

    name: ClassVar[str]
    pushes: ClassVar[bool] = True

    def __init__(self) -> None:
        self.processes = Processes()
        self.lock = threading.RLock()
        self._platform: str | None = None
        self._registry_api: RegistryApi | None = None

    @abstractmethod
    def find(self) -> str:
        """Return the platform of the machine that builds, such as ``linux/amd64``.

        :raises NotReadyError: it cannot build: the program is not there, or does not work.
        """

    @abstractmethod
    def check_platforms(self, platforms: tuple[Architecture, ...], request: BuildRequest) -> None:
        """Refuse platforms for which this builder cannot build.

        :raises NotReadyError: so it is.
        """

    @abstractmethod
    def run(self, work: Work) -> str:
        """Build, and push if asked; return the digest of what was pushed, if it is known.

        :raises ImageBuildError: a step failed.
        """

    @abstractmethod
    def steps(self, plan: ImagePlan) -> BuildSteps:
        """Return what reads the output of a build of `plan`."""

    def speaks_plainly(self, host: str) -> bool:
        """Whether this program is configured to speak plain HTTP to a registry."""
        del host
        return False

    def environment(self) -> dict[str, str]:
        """Return the environment in which the program is started."""
        return dict(os.environ)

    def refusals(self, request: BuildRequest) -> list[str]:
        found = []
        if request.output:
            found.append("it builds images and writes no folder: the builder 'dockerfile' does")
        unpushable = [uri for uri in (request.plan.uri, *request.also) if request.push and is_local(uri)]
        found.extend(f"{uri} names no registry to push to: give --registry, or --no-push" for uri in unpushable)
        return found

    def prepare(self, request: BuildRequest) -> None:
        check_secrets(request)
        platforms = self._platforms(request)
        self._check_base(request, platforms)
        self.check_platforms(platforms, request)
        if request.push:
            for uri in (request.plan.uri, *request.also):
                answer = self.registries().may_push(uri)
                if answer.existence is not Existence.EXISTS:
                    raise NotReadyError(f"{uri} cannot be pushed: {answer.message}", hint=answer.hint)

    def exists(self, uri: str) -> Answer:
        if not is_local(uri):
            return self.registries().exists(uri)
        code, out, err = self.ask("image", "inspect", "--format", "{{.Id}}", uri)
        who = f"the image store of {self.name}"
        if code == 0:
            return Answer(uri, Existence.EXISTS, f"{uri} is in {who}", digest=out.strip())
        if any(sign in err.lower() for sign in ("no such image", "image not known")):
            return Answer(uri, Existence.ABSENT, f"{who} has no {uri}")
        return Answer(uri, Existence.UNREACHABLE, f"{who} cannot be asked: {last_line(err)}", WITHOUT)

    def build(self, request: BuildRequest) -> BuildResult:
        from flytectl_py.builders.failures import hidden

        began = time.monotonic()
        check_secrets(request)
        platforms = self._platforms(request)
        steps = self.steps(request.plan)
        values = [value for value in request.secrets.values() if value]

        def line(text: str) -> None:
            shown = steps.take(hidden(text, values))
            if shown is not None:
                request.progress(shown)

        user, unknown = self._base_user(request.plan)
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            digest = self.run(Work(self.processes, request, platforms, Path(folder), steps, line, user))
        notes = _notes(request, platforms)
        if unknown:
            notes += (f"it runs as root: nobody says as whom its base {request.plan.base} does: {unknown}",)
        return BuildResult(request.plan.uri, "built", platforms, time.monotonic() - began, digest, notes)

    def cancel(self) -> None:
        """Stop the builds that run, from any thread. An image gets its name at the very end: none is left half done."""
        self.processes.cancel()

    def lacking(self) -> str:
        """Return why this builder cannot work here, in a sentence; empty when it can."""
        try:
            self.platform()
        except NotReadyError as error:
            return error.message
        return ""

    def platform(self) -> str:
        """Return what `find` found, which is asked once."""
        with self.lock:
            if self._platform is None:
                self._platform = self.find()
            return self._platform

    def registries(self) -> RegistryApi:
        """Return the client of registries."""
        with self.lock:
            if self._registry_api is None:
                from flytectl_py.builders.registry_api import RegistryApi
                from flytectl_py.builders.registry_exchange import Exchange

                self._registry_api = RegistryApi(Exchange(insecure=self.speaks_plainly))
            return self._registry_api

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        """Run the program for a moment; return its exit code and what it printed on stdout and stderr."""
        return self.processes.ask([self.name, *arguments], self.environment())

    def _platforms(self, request: BuildRequest) -> tuple[Architecture, ...]:
        """Return the platforms to build: all that are wanted, but one where the image is not pushed."""
        here = self.platform()
        wanted = request.platforms or request.plan.platforms
        if request.push or len(wanted) == 1:
            return wanted
        return tuple(each for each in wanted if each == here) or wanted[:1]

    def _base_user(self, plan: ImagePlan) -> tuple[str, str]:
        """Return as whom the programs of a base run, empty for root; and why, if nobody says.

        This machine is asked first: it builds with what it has.
        """
        if not plan.restores_user or plan.base == "scratch":
            return "", ""
        code, out, _ = self.ask("image", "inspect", "--format", "{{.Config.User}}", plan.base)
        if code == 0:
            return out.strip(), ""
        found = self.registries().user(plan.base)
        return found.user or "", found.message

    def _check_base(self, request: BuildRequest, platforms: tuple[Architecture, ...]) -> None:
        """Refuse platforms that the base is not there for. Where nobody knows, the build will say."""
        base = request.plan.base
        if not base or base == "scratch":
            return
        offered = self.registries().platforms(base).platforms
        if offered is None:
            code, out, _ = self.ask("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", base)
            offered = (out.strip(),) if code == 0 else None
        lacking = [] if offered is None else [each for each in platforms if each not in offered]
        if lacking and offered is not None:
            has = [each for each in platforms if each in offered]
            hint = f"build for less: --platform {','.join(has)}" if has else "choose another base, or another platform"
            raise UsageError(
                f"the base image {base} is not there for {', '.join(lacking)}: it has {', '.join(offered)}", hint=hint
            )


class Work:
    """One build under way: its request, its platforms, and a folder for what must not outlive it."""

    def __init__(
        self,
        processes: Processes,
        request: BuildRequest,
        platforms: tuple[Architecture, ...],
        folder: Path,
        steps: BuildSteps,
        line: Callable[[str], None],
        base_user: str,
    ) -> None:
        self.processes = processes
        self.request = request
        self.plan = request.plan
        self.platforms = platforms
        self.folder = folder
        self.steps = steps
        self.line = line
        self.base_user = base_user

    def follow(self, command: list[str], environment: dict[str, str], *, context: bool) -> int:
        """Run one command, with the context of the build on its input if it is for the build; return its exit code.

        :raises FlyteError: the build was stopped. :raises FileChangedError: a file is not what was hashed.
        """
        from flytectl_py.builders.build_context import write_context

        code = self.processes.follow(
            command, (lambda stream: write_context(self.plan, stream)) if context else _nothing, self.line, environment
        )
        if self.processes.cancelled:
            raise FlyteError(f"the build of {self.plan.uri} was stopped")
        return code

    def options(self) -> list[str]:
        """Return the options that hand the base's user and the secrets to the build.

        Each secret is a file in the folder, which is in memory where that can be had: a command line and an
        environment show.
        """
        options = [f"--build-arg={BASE_USER}={self.base_user}"] if self.base_user else []
        for number, secret in enumerate(self.plan.secrets):
            file = self.folder / f"secret{number}"
            file.touch(0o600)
            file.write_bytes(self.request.secrets[secret.id])
            options += ["--secret", f"id={secret.id},src={file}"]
        return options


class _Writes(Protocol):
    def write(self, data: bytes, /) -> object: ...


def _nothing(stream: _Writes) -> None:
    del stream


def is_local(uri: str) -> bool:
    """Whether an image without a registry is meant, which only this machine has."""
    return not parse(uri).named_registry and "/" not in uri


def last_line(said: str) -> str:
    """Return the last thing that a program said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


def _notes(request: BuildRequest, platforms: tuple[Architecture, ...]) -> tuple[str, ...]:
    left_out = [each for each in request.platforms or request.plan.platforms if each not in platforms]
    if not left_out:
        return ()
    return (f"not built for {', '.join(left_out)}: a daemon keeps one platform of an image, a registry keeps all",)


def _memory() -> str | None:
    """Return a folder that is in memory, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108  a new folder is made in it


def check_secrets(request: BuildRequest) -> None:
    """Refuse to build without a secret. An image that is there already needs none, so this is no refusal.

    :raises NotReadyError: names every secret that is missing, and where it is looked for.
    """
    missing = []
    for each in request.plan.secrets:
        if each.id in request.secrets:
            continue
        if isinstance(each.secret, FileSecret):
            missing.append(f"the file {each.secret.file}, which the build would see at /{each.secret.key}")
        else:
            parts = [part for part in (each.secret.group, each.secret.key) if part]
            variable = "_".join(parts).replace("-", "_").upper()
            missing.append(f"'{'/'.join(parts)}': set {variable}, or write it to .flyte/secrets/{'/'.join(parts)}")
    if missing:
        raise NotReadyError(f"the build of {request.plan.uri} needs secrets that are not here: {'; '.join(missing)}")
