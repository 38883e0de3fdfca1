"""Runs attempts of reusable environments one after the other in warm processes, and all others as they come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from flytectl_py.machine.executors.api import CannotStartError, Ended, Executor, Launch
from flytectl_py.machine.executors.worker import WarmCommand, Worker, end_of

_WORKER = "worker"
WARM = "--warm"


class WarmExecutor(Executor, Protocol):
    """An executor that knows how to start a process for several attempts."""

    async def warm(self, launch: Launch, name: str, folder: Path) -> WarmCommand:
        """Return what starts a warm process like the one of an attempt, in a folder of its own.

        :raises CannotStartError: it cannot be started.
        """
        ...

    async def end_warm(self, name: str) -> None:
        """End what a warm process was started in, after the process itself has ended."""
        ...


@dataclass(slots=True)
class _Set:
    """The warm processes that may take each other's attempts."""

    slots: asyncio.Semaphore
    idle: list[Worker] = field(default_factory=list)
    is_cold: bool = False


class ReusingExecutor:
    """Adds warm processes to an executor.

    An attempt in a warm process does not outlive the control plane: who finds it later ends the process, and says so.
    """

    def __init__(self, inner: WarmExecutor, home: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self._home = home
        self._sets: dict[str, _Set] = {}
        self._running: dict[str, tuple[Worker, asyncio.Task[Ended]]] = {}
        self._lost: set[str] = set()
        self._ending: dict[str, asyncio.Task[None]] = {}

    async def start(self, launch: Launch) -> None:
        warm = launch.warm
        if warm is None:
            await self._inner.start(launch)
            return
        among = self._sets.setdefault(warm.key, _Set(asyncio.Semaphore(warm.most)))
        await among.slots.acquire()
        try:
            worker = await self._taken(among, launch)
            if worker is not None:
                place = self._home / launch.token
                place.mkdir(parents=True)
                (place / _WORKER).write_text(worker.name)
        except BaseException:
            among.slots.release()
            raise
        if worker is None:
            among.slots.release()
            await self._inner.start(launch)
            return
        task = asyncio.create_task(self._run(among, worker, launch, warm.idle))
        self._running[launch.token] = (worker, task)

    async def adopt(self, token: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            name = (self._home / token / _WORKER).read_text()
            await end_of(self._record(name))
            await self._inner.end_warm(name)
            self._lost.add(token)
            return True
        return await self._inner.adopt(token)

    async def wait(self, token: str) -> Ended:
        if token in self._lost:
            return Ended(None, reason="its warm process ended with the control plane")
        if token in self._running:
            return await asyncio.shield(self._running[token][1])
        return await self._inner.wait(token)

    async def stop(self, token: str, grace: float) -> None:
        if token in self._running:
            worker, task = self._running[token]
            if not task.done():
                await worker.stop(grace)
                await self._inner.end_warm(worker.name)
        elif token not in self._lost:
            await self._inner.stop(token, grace)

    async def forget(self, token: str) -> None:
        self._lost.discard(token)
        if self._running.pop(token, None) is None and not (self._home / token).exists():
            await self._inner.forget(token)
        shutil.rmtree(self._home / token, ignore_errors=True)

    async def tidy(self, kept: set[str]) -> None:
        for record in self._home.glob("*.pid") if self._home.is_dir() else ():
            await end_of(record)
            await self._removed(record.stem)
        await self._inner.tidy(kept)

    def lacking(self) -> str:
        return self._inner.lacking()

    async def close(self) -> None:
        for each in self._ending.values():
            each.cancel()
        idle = [worker for among in self._sets.values() for worker in among.idle]
        await asyncio.gather(*(self._end(worker) for worker in idle), *self._ending.values(), return_exceptions=True)
        await self._inner.close()

    async def _taken(self, among: _Set, launch: Launch) -> Worker | None:
        """Return a process that is free, a new one if need be; None where the image has none that stays."""
        while among.idle:
            worker = among.idle.pop()
            leaving = self._ending.pop(worker.name, None)
            if leaving is not None:
                leaving.cancel()
            if worker.lives:
                return worker
            await self._end(worker)
        if among.is_cold or not launch.command:
            return None
        name = f"w{os.urandom(8).hex()}"
        folder = self._home / name
        alone = replace(launch, environment={}, secrets={}, command=(launch.command[0], WARM))
        try:
            command = await self._inner.warm(alone, name, folder)
            made = await Worker.start(name, command, self._record(name))
        except OSError as error:
            raise CannotStartError(f"a warm process cannot be started: {error.strerror or error}") from error
        if made is None:
            among.is_cold = True
            await self._removed(name)
        return made

    async def _run(self, among: _Set, worker: Worker, launch: Launch, idle: float) -> Ended:
        try:
            ended = await worker.run(launch)
        finally:
            among.slots.release()
        if worker.lives:
            among.idle.append(worker)
            self._ending[worker.name] = asyncio.create_task(self._leave(among, worker, idle))
        else:
            await self._removed(worker.name)
        return ended

    async def _leave(self, among: _Set, worker: Worker, idle: float) -> None:
        await asyncio.sleep(idle)
        self._ending.pop(worker.name, None)
        if worker in among.idle:
            among.idle.remove(worker)
            await self._end(worker)

    async def _end(self, worker: Worker) -> None:
        await worker.end()
        await self._removed(worker.name)

    async def _removed(self, name: str) -> None:
        await self._inner.end_warm(name)
        await asyncio.to_thread(shutil.rmtree, self._home / name, ignore_errors=True)
        self._record(name).unlink(missing_ok=True)

    def _record(self, name: str) -> Path:
        return self._home / f"{name}.pid"
