"""One warm process, seen from outside: gets orders on its input, and says on its output what became of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

from flytectl_py.machine.executors.api import Ended, Launch

_LONGEST_LINE = 1 << 20
_TICK_SECONDS = 0.02


class WarmCommand(NamedTuple):
    """What starts a warm process: its words, where it runs, and its environment."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


class Worker:
    """A warm process."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a warm process has an input and an output")
        self.name = name
        self._process = process
        self._input = process.stdin
        self._output = process.stdout

    @classmethod
    async def start(cls, name: str, command: WarmCommand, record: Path) -> Worker | None:
        """Start one and wait until it takes orders; None where its program is not one that can.

        :param record: the file that says which process it is; its lock is held for as long as that lives.
        """
        record.parent.mkdir(parents=True, exist_ok=True)
        with record.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = await asyncio.create_subprocess_exec(
                *command.words,
                cwd=command.folder,
                env=dict(command.environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=[lock.fileno()],
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
            # Before the first order: a process that nobody can name gets none, and ends with its input.
            lock.write(str(process.pid))
            lock.flush()
        made = cls(name, process)
        said = await made._said()
        if said is None or "ready" not in said:
            await made.end()
            return None
        return made

    @property
    def lives(self) -> bool:
        """Whether the process is still there."""
        return self._process.returncode is None

    async def run(self, launch: Launch) -> Ended:
        """Have it run one attempt, and return how that ended. A process that ends meanwhile ended with it."""
        order = {
            "arguments": list(launch.command[1:]),
            "environment": {**launch.environment, **launch.secrets},
        }
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            with contextlib.suppress(ConnectionError):
                self._input.write(json.dumps(order).encode() + b"\n")
                await self._input.drain()
            while (said := await self._said()) is not None:
                if "code" in said:
                    return Ended(int(said["code"]), reason=f"its warm process says exit code {said['code']}")
                _print(log, said)
        code = await self._process.wait()
        code = code if code >= 0 else 128 - code
        return Ended(code, reason=f"its warm process ended with exit code {code}")

    async def stop(self, grace: float) -> None:
        """Ask it to end with its attempt, and make it end after `grace` seconds."""
        for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, None)):
            if not self.lives:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), wait)

    async def end(self) -> None:
        """Let it end, which it does when there is nothing to read any more."""
        self._input.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 5)
        await self.stop(0)

    async def _said(self) -> dict[str, str] | None:
        line = await self._output.readline()
        if not line:
            return None
        try:
            found = json.loads(line)
        except ValueError:
            return {"text": line.decode(errors="replace")}
        return found if isinstance(found, dict) else {"text": line.decode(errors="replace")}


async def end_of(record: Path) -> None:
    """End a warm process that an earlier control plane left, by its record."""
    while True:
        try:
            with record.open("r+") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return
        except BlockingIOError:
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(record.read_text()), signal.SIGKILL)
            await asyncio.sleep(_TICK_SECONDS)
        else:
            return


def _print(log: IO[bytes], said: Mapping[str, str]) -> None:
    log.write(base64.b64decode(said["printed"]) if "printed" in said else said.get("text", "").encode())
    log.flush()
