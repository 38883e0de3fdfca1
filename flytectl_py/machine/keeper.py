"""Starts a control plane in the background, finds the one that runs, stops it, and ends what a killed one left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from flytectl_py.errors import ConflictError, NotReadyError
from flytectl_py.machine.held import is_held

HOME_VARIABLE = "FLYTE_MACHINE_HOME"
DEFAULT_PORT = 8090
READY_SECONDS = 30.0
STOP_SECONDS = 20.0
TICK_SECONDS = 0.05
SETTLED_SECONDS = 60.0
"""A younger home may be one whose control plane is just being started."""
LOG = "plane.log"
_LOCK = "plane.lock"
_STATE = "plane.json"


class Running(NamedTuple):
    """A control plane that runs. `endpoint` is what a configuration needs."""

    pid: int
    url: str
    executor: str
    store: str

    @property
    def endpoint(self) -> str:
        """Return where it answers."""
        return self.url


class Wanted(NamedTuple):
    """How a control plane should be started. Port 0 is any that is free; an empty store is a folder in the home.

    :param lifeline: the end to read of a pipe, if it is to serve only until the other end is closed, as it is when the
        process that has it ends in whatever way; its home goes with it.
    """

    port: int = DEFAULT_PORT
    store: str = ""
    executor: str = "process"
    lifeline: int | None = None


def home_folder(environ: dict[str, str] | os._Environ[str]) -> Path:
    """Return the folder with the state of this user's control plane."""
    return Path(environ.get(HOME_VARIABLE) or "~/.flyte/machine").expanduser().absolute()


def running(home: Path) -> Running | None:
    """Return the control plane that runs with this home, or None."""
    if not is_held(home / _LOCK):
        return None
    with contextlib.suppress(OSError, ValueError):
        said = json.loads((home / _STATE).read_text(encoding="utf-8"))
        return Running(said["pid"], said["url"], said["executor"], said["store"])
    return None


def answers(plane: Running) -> bool:
    """Whether a control plane answers."""
    try:
        # No proxy stands between a machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{plane.url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def command(home: Path, wanted: Wanted) -> list[str]:
    """Return the command line of a control plane's process."""
    return [
        *(sys.executable, "-m", "flytectl_py.machine.serve"),
        *(str(home), str(wanted.port), wanted.store, wanted.executor),
        *(() if wanted.lifeline is None else ("tied",)),
    ]


def start(home: Path, wanted: Wanted) -> tuple[Running, bool]:
    """Return the control plane of this home and whether it had to be started; it answers now.

    :raises ConflictError: one runs that is not as it is wanted.
    :raises NotReadyError: it does not start; says what it said.
    """
    found = _answering(home)
    if found is not None:
        _check(found, wanted)
        return found, False
    said = home / LOG
    try:
        home.mkdir(parents=True, exist_ok=True)
        with said.open("ab") as out:
            begins = out.tell()
            process = subprocess.Popen(
                command(home, wanted), cwd=home, stdout=out, stderr=out, start_new_session=True,
                stdin=subprocess.DEVNULL if wanted.lifeline is None else wanted.lifeline,
            )  # fmt: skip
    except OSError as error:
        raise NotReadyError(
            f"cannot write {error.filename}: {error.strerror}",
            hint=f"give another folder in {HOME_VARIABLE}",
            where=str(home),
        ) from error
    latest = time.monotonic() + READY_SECONDS
    while time.monotonic() < latest:
        found = running(home)
        # Asked again: what a killed one has left may have been read while another one took its port.
        if found is not None and answers(found) and running(home) == found:
            started = found.pid == process.pid
            if started:
                process.returncode = 0  # It lives longer than its starter, who does not wait for it.
            else:
                _check(found, wanted)
            return found, started
        if process.poll() is not None:
            # Another one may have come first.
            found = _answering(home)
            if found is not None:
                _check(found, wanted)
                return found, False
            text = said.read_bytes()[begins:].decode("utf-8", "replace").strip()
            if not text:
                room = shutil.disk_usage(home).free
                text = f"it ended with exit code {process.returncode} and could say nothing; its disk has {room} B free"
            raise NotReadyError(f"the control plane does not start: {text.removeprefix('error: ')}", where=str(said))
        time.sleep(TICK_SECONDS)
    raise NotReadyError(f"the control plane does not answer after {READY_SECONDS:g} s", where=str(said))


def stop(home: Path) -> Running | None:
    """Stop the control plane of this home and return what ran; None where none did.

    Attempts that run are stopped, and made anew after the next start.
    """
    found = running(home)
    if found is None:
        return None
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, number)
        latest = time.monotonic() + STOP_SECONDS
        while time.monotonic() < latest:
            if not is_held(home / _LOCK):
                return found
            time.sleep(TICK_SECONDS)
    raise NotReadyError(f"process {found.pid} cannot be stopped", where=str(home / LOG))


def abandoned(homes: Iterable[Path]) -> list[Path]:
    """Return which of some homes of this user nobody uses any more, though they are still there."""
    found = []
    for home in homes:
        with contextlib.suppress(OSError):
            about = home.lstat()
            is_settled = time.time() - about.st_mtime > SETTLED_SECONDS
            if home.is_dir() and about.st_uid == os.getuid() and is_settled and not is_held(home / _LOCK):
                found.append(home)
    return found


def clear(home: Path) -> None:
    """End what a control plane that was killed has left running, and remove its home.

    :raises NotReadyError: what ran its tasks is not to be had here.
    """
    with contextlib.suppress(OSError, ValueError):  # Without it, no task was started.
        said = json.loads((home / _STATE).read_text(encoding="utf-8"))
        import asyncio

        from flytectl_py.machine.executors.registry import make_executor

        asyncio.run(make_executor(said["executor"], home, said["store"]).tidy(set()))
    shutil.rmtree(home, ignore_errors=True)


def _answering(home: Path) -> Running | None:
    """Return the control plane that runs, when it answers; None where none runs."""
    latest = time.monotonic() + READY_SECONDS
    while is_held(home / _LOCK):
        found = running(home)
        if found is not None and answers(found) and running(home) == found:
            return found
        if time.monotonic() > latest:
            raise NotReadyError("a control plane runs and does not answer", hint="flyte stop", where=str(home / LOG))
        time.sleep(TICK_SECONDS)
    return None


def _check(found: Running, wanted: Wanted) -> None:
    differs = []
    if wanted.port not in (0, DEFAULT_PORT, int(found.url.rpartition(":")[2])):
        differs.append(f"at {found.url}")
    if wanted.store and wanted.store.rstrip("/") != found.store:
        differs.append(f"with the store {found.store}")
    if wanted.executor != found.executor:
        differs.append(f"with the executor {found.executor}")
    if differs:
        raise ConflictError(f"a control plane runs {' and '.join(differs)}", hint="stop it first: flyte stop")
