"""Runs attempts as containers of the daemon to which the `docker` command leads, each from its task's own image."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flytectl_py.builders.docker import DockerBuilder
from flytectl_py.errors import FlyteError, NotReadyError
from flytectl_py.machine.executors.api import CannotStartError, Ended, Launch
from flytectl_py.machine.executors.surroundings import of_stores
from flytectl_py.machine.executors.worker import WarmCommand
from flytectl_py.runtime.arguments import UMASK_VARIABLE
from flytectl_py.runtime.places import local_path

SHARED_UMASK = 0o002
"""Of this process and of containers: what is made in a store that is a folder can be written by their group."""
LABEL = "flytectl-py.attempt"
HOME_LABEL = "flytectl-py.home"
HOST = "host.docker.internal"
"""The name under which a container finds this machine, where it does not share its network."""
_LOOPBACK = re.compile(r"(?<=//)(localhost|127\.0\.0\.1)(?=[:/]|$)")
_DATA_OPTION = "--raw-data-path"
_KILLED = 137
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


class _Said(NamedTuple):
    """What the `docker` command answered."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("docker: ")] or lines
        return told[-1].removeprefix("docker: ") if told else f"exit code {self.code}"


class _Daemon(NamedTuple):
    """What has to be known of a daemon. `shares` says that a container can share this machine's network."""

    cores: int
    shares: bool


class DockerExecutor:
    """A container for each attempt, which goes by its token; the daemon knows what runs, whoever was killed.

    :param home: where files lie that a container is lent.
    :param folders: what containers find at the same path as this machine: the store, where it is a folder.
    """

    name = "docker"

    def __init__(self, home: Path, folders: Sequence[Path]) -> None:
        self._home = home
        self._folders = tuple(folders)
        for folder in self._folders:
            _share(folder)
        self._daemon: _Daemon | None = None
        self._followers: dict[str, tuple[Path, subprocess.Popen[bytes]]] = {}

    async def start(self, launch: Launch) -> None:
        if not launch.image:
            raise CannotStartError("the task has no image", hint="flyte start --executor process needs none")
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        words, secret = self._command(launch, launch.token, await self._known())
        said = await _docker("run", "--detach", *words, environment=secret)
        if said.code:
            await _docker("rm", "--force", _name(launch.token))
            raise CannotStartError(
                f"the image {launch.image} cannot be run: {said.reason}",
                hint="'docker images' lists what is there; 'flyte build' builds what a file declares",
            )
        self._follow(launch.token, launch.log)

    async def adopt(self, token: str) -> bool:
        state = await _state(token)
        if state is None:
            return False
        if state["Status"] == "created":  # killed before it was started: nothing of it ever ran
            await self.forget(token)
            return False
        return True

    async def wait(self, token: str) -> Ended:
        while True:
            said = await _docker("wait", _name(token))
            if said.code == 0 and said.out.strip() not in ("", str(_KILLED)):
                await self._settle_log(token)
                code = int(said.out)
                return Ended(code, reason=f"its container ended with exit code {code}")
            # Killed, and the daemon knows why; or it was started anew meanwhile.
            state = await _state(token)
            if state is None:
                return Ended(None, reason="its container was removed")
            if state["Status"] not in ("running", "paused", "restarting", "removing"):
                break
            await asyncio.sleep(_PAUSE_SECONDS)  # the daemon was started anew
        await self._settle_log(token)
        code = int(state["ExitCode"])
        if state.get("OOMKilled"):
            return Ended(code, out_of_memory=True, reason="its container had no memory left, and was killed")
        return Ended(code, reason=state.get("Error") or f"its container ended with exit code {code}")

    async def stop(self, token: str, grace: float) -> None:
        await _docker("stop", "--time", str(max(0, round(grace))), _name(token))

    async def forget(self, token: str) -> None:
        await _docker("rm", "--force", "--volumes", _name(token))
        await asyncio.to_thread(shutil.rmtree, self._home / token, ignore_errors=True)

    async def tidy(self, kept: set[str]) -> None:
        label = f"label={HOME_LABEL}={self._home}"
        said = await _docker("ps", "--all", "--filter", label, "--format", f'{{{{.Label "{LABEL}"}}}}')
        await asyncio.gather(*(self.forget(token) for token in said.out.split() if token not in kept))

    def lacking(self) -> str:
        try:
            DockerBuilder().find()
        except NotReadyError as error:
            return error.message
        return ""

    async def close(self) -> None:
        for _, follower in self._followers.values():
            # It goes on; Popen would only complain that nobody has waited for it.
            follower.returncode = follower.poll() or 0
        self._followers.clear()

    async def warm(self, launch: Launch, name: str, folder: Path) -> WarmCommand:
        """Return what starts a container like the one of an attempt, for several of them."""
        folder.mkdir(parents=True)
        words, secret = self._command(launch, name, await self._known())
        run = (_program(), "run", "--interactive", "--rm", *words)
        return WarmCommand(run, folder, {**os.environ, **secret})

    async def end_warm(self, name: str) -> None:
        """Remove the container of a warm process."""
        await self.forget(name)

    def _command(self, launch: Launch, token: str, daemon: _Daemon) -> tuple[list[str], dict[str, str]]:
        """Return what follows ``docker run``, and the variables that the command itself has to find."""
        secret, told = _variables(launch, shares=daemon.shares)
        options = [*self._options(launch, token, daemon), *(f"--env={name}={value}" for name, value in told.items())]
        options += [word for name in secret for word in ("--env", name)]
        words = list(launch.command)
        if launch.entrypoint:
            # What follows the first word of the entrypoint goes before the arguments: docker takes one word only.
            options += ["--entrypoint", words.pop(0)]
        if not daemon.shares:
            words = [_LOOPBACK.sub(HOST, each) for each in words]
        return [*options, launch.image, *words], secret

    def _options(self, launch: Launch, token: str, daemon: _Daemon) -> Iterator[str]:
        yield f"--name={_name(token)}"
        yield f"--label={LABEL}={token}"
        yield f"--label={HOME_LABEL}={self._home}"
        yield from ("--network=host",) if daemon.shares else (f"--add-host={HOST}:host-gateway",)
        if launch.cpu:
            yield f"--cpus={min(launch.cpu, daemon.cores):g}"
        if launch.memory:
            yield f"--memory={launch.memory}"
            yield f"--memory-swap={launch.memory}"
        if launch.gpu:
            yield f"--gpus={launch.gpu}"
        yield f"--group-add={os.getgid()}"
        for folder in dict.fromkeys((*self._folders, *_data_folders(launch.command))):
            yield f"--mount=type=bind,source={folder},target={folder}"
        for target, source in launch.folders.items():
            yield f"--mount=type=bind,source={source},target={target}"
        for target, source in self._secret_files(launch, token):
            yield f"--mount=type=bind,source={source},target={target},readonly"

    def _secret_files(self, launch: Launch, token: str) -> Iterator[tuple[str, Path]]:
        """Write what a container finds as files; yield where it finds them, and where they are."""
        for number, (target, content) in enumerate(launch.files.items()):
            source = self._home / token / str(number)
            source.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            source.touch(0o640)  # The user of the image may be anybody, and has the group of this process.
            source.write_bytes(content)
            yield target, source

    async def _known(self) -> _Daemon:
        if self._daemon is None:
            said = await _docker("info", "--format", "{{json .}}")
            try:
                info = json.loads(said.out)
            except ValueError:
                info = {}
            if said.code or info.get("ServerErrors") or not info.get("NCPU"):
                raise FlyteError(f"no Docker daemon answers: {said.reason}")
            # In a virtual machine, as Docker Desktop has it, the network of the host is another one.
            shares = os.uname().sysname == "Linux" and "Docker Desktop" not in info.get("OperatingSystem", "")
            self._daemon = _Daemon(int(info["NCPU"]), shares)
        return self._daemon

    def _follow(self, token: str, log: Path) -> None:
        """Let what a container prints go to its log, for as long as it runs, whatever becomes of this process."""
        with log.open("ab") as out:
            follower = subprocess.Popen(
                [_program(), "logs", "--follow", _name(token)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._followers[token] = (log, follower)

    async def _settle_log(self, token: str) -> None:
        """Wait until the log holds everything."""
        log, follower = self._followers.pop(token, (None, None))
        if log is None or follower is None:
            return  # started before this process was: it has been followed by what that one left
        try:
            await asyncio.to_thread(follower.wait, _PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            follower.kill()
            await asyncio.to_thread(follower.wait)


def _name(token: str) -> str:
    return f"flyte-{token}"


def _program() -> str:
    found = shutil.which("docker")
    if found is None:
        raise CannotStartError("docker is not on the PATH", hint="flyte start --executor process does without")
    return found


async def _docker(*words: str, environment: Mapping[str, str] | None = None) -> _Said:
    process = await asyncio.create_subprocess_exec(
        _program(),
        *words,
        env={**os.environ, "DOCKER_CLI_HINTS": "false", **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return _Said(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


async def _state(token: str) -> dict[str, Any] | None:
    """Return what the daemon knows of a container, None where there is none.

    :raises FlyteError: no daemon answers for a minute.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        said = await _docker("container", "inspect", "--format", "{{json .State}}", _name(token))
        if said.code == 0:
            found: dict[str, Any] = json.loads(said.out)
            return found
        if "no such container" in said.err.lower():
            return None
        if asyncio.get_running_loop().time() > deadline:
            raise FlyteError(f"the Docker daemon does not say what became of an attempt: {said.reason}")
        await asyncio.sleep(_PAUSE_SECONDS)


def _variables(launch: Launch, *, shares: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return what no command line may show, and the other variables: those of the task, and what leads to the store."""
    told = {**of_stores(os.environ), UMASK_VARIABLE: f"{SHARED_UMASK:03o}", **launch.environment}
    if not shares:
        told = {name: _LOOPBACK.sub(HOST, value) for name, value in told.items()}
    hidden = {name: value for name, value in told.items() if name not in launch.environment}
    hidden.update(launch.secrets)
    return hidden, {name: value for name, value in told.items() if name not in hidden}


def _data_folders(command: Sequence[str]) -> Iterator[Path]:
    """Yield the folder of this machine into which the run's data goes, if its command names one."""
    for option, value in itertools.pairwise(command):
        folder = local_path(value) if option == _DATA_OPTION else None
        if folder is not None and folder.is_absolute():
            _share(folder)
            yield folder


def _share(folder: Path) -> None:
    """Make a folder one in which this user and containers can write, whoever runs in them, and remove what is there.

    All of them have the group of this process; what is made in the folder has that group too, and is open to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid == os.geteuid():
        os.chown(folder, -1, os.getgid())
        folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_ISGID | stat.S_IRWXG)
