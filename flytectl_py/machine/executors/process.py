"""Runs attempts as processes of this machine, each in a folder of its own, in the Python environment of its image."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flytectl_py.machine.executors.api import CannotStartError, Ended, Launch
from flytectl_py.machine.executors.surroundings import of_processes
from flytectl_py.machine.executors.worker import WarmCommand
from flytectl_py.machine.held import is_held
from flytectl_py.plan.virtual_environment import FILES, RECORD, Environment, environment_name

TICK_SECONDS = 0.05
# The shell writes down who runs before it does, and how that ended; it outlives the signals that it passes on by
# sharing a process group with the program.
_KEEPER = 'trap : TERM INT HUP; echo $$ > "$1/pid"; at=$1; shift; "$@"; code=$?; echo $code > "$at/code"; exit $code'


class _Place(NamedTuple):
    """What stands for an image: a command, the folder of its programs, files, variables, and what it does not have."""

    program: tuple[str, ...]
    programs: Path
    files: Path | None
    variables: Mapping[str, str]
    notes: tuple[str, ...]


class ProcessExecutor:
    """A folder for each attempt below `home`: working folder, process number, exit code, and a lock.

    The lock is held by the process itself from before it starts until all of it has ended, so that a control plane
    that was killed and started anew knows for certain whether an attempt still runs.

    :param environments: the folder with the environments that were made of images, by tag.
    """

    name = "process"

    def __init__(self, home: Path, environments: Path) -> None:
        self._home = home
        self._environments = environments
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self, launch: Launch) -> None:
        folder = self._folder(launch.token)
        work, temporary = folder / "work", folder / "tmp"
        place = self._place(launch)
        try:
            work.mkdir(parents=True)
            temporary.mkdir()
            launch.log.parent.mkdir(parents=True, exist_ok=True)
            with (folder / "lock").open("w") as lock, launch.log.open("ab") as log:
                fcntl.flock(lock, fcntl.LOCK_EX)
                log.write("".join(f"flyte: {each}\n" for each in place.notes).encode())
                log.flush()
                _copy(place.files, work)
                self._started[launch.token] = subprocess.Popen(
                    ["/bin/sh", "-c", _KEEPER, "flyte-attempt", str(folder), *place.program],
                    cwd=work,
                    env=_environment(launch, place, temporary),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[lock.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            raise CannotStartError(
                f"cannot start {place.program[0]}: {error.strerror or error}",
                hint="make room, or give the control plane another home",
                where=str(error.filename or folder),
            ) from error

    async def adopt(self, token: str) -> bool:
        folder = self._folder(token)
        return is_held(folder / "lock") or (folder / "pid").exists()

    async def wait(self, token: str) -> Ended:
        folder = self._folder(token)
        own = self._started.get(token)
        wait = 0.002
        while own.poll() is None if own is not None else is_held(folder / "lock"):
            await asyncio.sleep(wait)
            wait = min(wait * 1.3, TICK_SECONDS)
        self._started.pop(token, None)
        try:
            code: int | None = int((folder / "code").read_text())
        except (OSError, ValueError):
            code = None if own is None else (own.returncode if own.returncode >= 0 else 128 - own.returncode)
        if code == 128 + signal.SIGKILL:
            return Ended(code, reason="the process was killed (SIGKILL), as happens when memory runs out")
        return Ended(code, reason=_reason(code))

    async def stop(self, token: str, grace: float) -> None:
        folder = self._folder(token)
        if not await self._signal(folder, signal.SIGTERM):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while is_held(folder / "lock"):
                    await asyncio.sleep(TICK_SECONDS)
        while await self._signal(folder, signal.SIGKILL):
            await asyncio.sleep(TICK_SECONDS)

    async def forget(self, token: str) -> None:
        folder = self._folder(token)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def tidy(self, kept: set[str]) -> None:
        tokens = [each.name for each in self._home.iterdir()] if self._home.is_dir() else []
        for token in tokens:
            if token not in kept:
                await self.stop(token, 0)
                await self.forget(token)

    async def warm(self, launch: Launch, name: str, folder: Path) -> WarmCommand:
        """Return what starts a process like the one of an attempt, for several of them."""
        del name
        place = self._place(launch)
        work, temporary = folder / "work", folder / "tmp"
        work.mkdir(parents=True)
        temporary.mkdir()
        _copy(place.files, work)
        return WarmCommand(place.program, work, _environment(launch, place, temporary))

    async def end_warm(self, name: str) -> None:
        """Do nothing: the process was all there was."""

    def lacking(self) -> str:
        return ""

    async def close(self) -> None:
        # A process that is still there goes on; Popen would only complain that nobody has waited for it.
        for process in self._started.values():
            process.returncode = process.poll() or 0
        self._started.clear()

    async def _signal(self, folder: Path, number: signal.Signals) -> bool:
        """Send a signal to all of an attempt; return whether it was there to take it."""
        for _ in range(100):
            if not is_held(folder / "lock"):
                return False
            with contextlib.suppress(OSError, ValueError):
                group = int((folder / "pid").read_text())
                os.killpg(group, number)
                return True
            await asyncio.sleep(TICK_SECONDS)  # it is just being started, or what holds the lock has left its group
        return False

    def _place(self, launch: Launch) -> _Place:
        """Return what stands for the task's image.

        :raises CannotStartError: the program is not there.
        """
        if launch.folders:
            raise CannotStartError(
                f"a command in the image {launch.image} needs a container, and this is a process",
                hint="flyte run --engine docker, or flyte start --executor docker",
            )
        name = environment_name(launch.image)
        folder = self._environments / name if name else None
        environment = None if folder is None else _recorded(folder)
        if folder is None or environment is None:
            python, files, variables = Path(sys.executable), None, {}
            notes = [f"no environment was made of the image {launch.image}: the control plane's own Python is used"]
        else:
            python, files, variables = Path(environment.python), folder / FILES, dict(environment.variables)
            notes = []
        notes += [f"the secret file {each} is not there: only containers have it" for each in launch.files]
        program, *arguments = launch.command
        found = shutil.which(program, path=f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        if found is None:
            raise CannotStartError(
                f"there is no program '{program}' for the image {launch.image}",
                hint="the docker executor runs the image itself: flyte start --executor docker",
            )
        return _Place((found, *arguments), python.parent, files, variables, tuple(notes))

    def _folder(self, token: str) -> Path:
        return self._home / token


def _environment(launch: Launch, place: _Place, temporary: Path) -> dict[str, str]:
    return {
        **of_processes(os.environ),
        "PATH": f"{place.programs}{os.pathsep}{os.defpath}",
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        **place.variables,
        **launch.environment,
        **launch.secrets,
    }


def _recorded(folder: Path) -> Environment | None:
    try:
        found = Environment.from_text((folder / RECORD).read_text("utf-8"))
    except OSError:
        return None
    return found if found is not None and os.path.exists(found.python) else None


def _copy(files: Path | None, into: Path) -> None:
    """Put what the image has in its working folder where the task runs."""
    if files is not None and files.is_dir():
        shutil.copytree(files, into, dirs_exist_ok=True)


def _reason(code: int | None) -> str:
    if code is None:
        return "its process is gone, and nothing says how it ended"
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(code - 128).name}"
    return f"its process ended with exit code {code}"
