"""A run on a cluster, as the program that started it holds it: its name, its page, how it ends, what it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from flytectl_py.bridge import Verb, run_calls
from flytectl_py.engines.api import Outputs, Phase, Run
from flytectl_py.engines.following import Reader, Watcher, ended, follow
from flytectl_py.engines.offloading import Storage
from flytectl_py.engines.remote import Remote
from flytectl_py.engines.remote_records import ActionRecord, data
from flytectl_py.engines.reported_failures import error_of
from flytectl_py.errors import (
    BaseRuntimeError,
    NotReadyError,
    RunAbortedError,
    RuntimeUnknownError,
    TaskTimeoutError,
)
from flytectl_py.wire.failures import Failure

LIVES_SECONDS = 1.0
"""Between two looks at a control plane that may end."""

ReadOutputs = Callable[[Any, Storage], Outputs]
"""Turns the outputs of an action, a message, into values; some of them lie in a storage. May block."""


class RemoteRun(Run):
    """A run that a cluster carries out.

    `phase` is the last one that is known; `wait` and `outputs` ask for more. Each of them has its form for async code:
    ``await run.wait.aio()``.
    """

    def __init__(self, remote: Remote, name: str, task: str, version: str, read_outputs: ReadOutputs) -> None:
        super().__init__(
            name=name,
            url=remote.url_of(name),
            task=task,
            phase=Phase.QUEUED,
            seconds=0,
            actions=0,
            outputs=Outputs(),
        )
        self.remote = remote
        self.version = version
        self._record: ActionRecord | None = None
        self._read_outputs = read_outputs

    @property
    def wait(self) -> Verb[[], None]:
        """Return when the run has ended, well or not: see `phase`.

        :raises NotReadyError: the control plane cannot be asked.
        """
        return Verb(lambda: run_calls(self._wait), self._wait)

    @property
    def outputs(self) -> Verb[[], Outputs]:
        """Return what the task returned; waits until the run has ended.

        :raises BaseRuntimeError: it failed.
        :raises NotReadyError: the control plane cannot be asked.
        """
        return Verb(lambda: run_calls(self._outputs_when_ended), self._outputs_when_ended)

    def follow(self, tell: Watcher, read: Reader, lives: Callable[[], bool] | None = None) -> ActionRecord:
        """Wait until the run has ended, with each change of its phase told, and each line that it prints.

        :param lives: says whether the control plane still runs, where that is known better than by asking it.
        :raises NotReadyError: it does not, or cannot be asked.
        """

        async def following() -> ActionRecord:
            async with self.remote.connect() as plane:
                followed = follow(plane, self.remote, self.name, tell, read)
                return self._note(await (followed if lives is None else _while(lives, followed)))

        return run_calls(following)

    def raise_if_failed(self) -> None:
        """Raise what became of a run that has ended, unless it succeeded.

        :raises BaseRuntimeError: it failed.
        """
        error = None if self._record is None else failure_of(self._record)
        if error is not None:
            raise error

    async def _wait(self) -> None:
        if self._record is None:
            async with self.remote.connect() as plane:
                self._note(await ended(plane, self.remote, self.name))

    async def _outputs_when_ended(self) -> Outputs:
        await self._wait()
        self.raise_if_failed()
        async with self.remote.connect() as plane:
            answer = await data(plane, self.remote, self.name)
            storage = Storage(plane, self.remote.scope, asyncio.get_running_loop())
            return await asyncio.to_thread(self._read_outputs, answer.outputs, storage)

    def _note(self, record: ActionRecord) -> ActionRecord:
        self._record = record
        self.phase = Phase(record.phase)
        self.seconds = record.seconds or 0.0
        return record


def failure_of(record: ActionRecord) -> BaseRuntimeError | None:
    """Return the failure of an action that has ended otherwise than well; None where it has not."""
    error: BaseRuntimeError
    failure = record.failure
    if record.phase == Phase.ABORTED:
        error = RunAbortedError(f"the run {record.run} was aborted" + _because(record.abort_reason))
    elif failure is not None:
        error = error_of(Failure(failure.code or "Unknown", failure.message, failure.kind, recoverable=False))
    elif record.phase == Phase.TIMED_OUT:
        error = TaskTimeoutError(f"{record.task} ran for longer than it may")
    elif record.phase == Phase.FAILED:
        error = RuntimeUnknownError("Unknown", f"the run {record.run} failed, and the cluster does not say why")
    else:
        return None
    error.chain = (record.task,)
    return error


async def _while(lives: Callable[[], bool], followed: Coroutine[Any, Any, ActionRecord]) -> ActionRecord:
    task = asyncio.ensure_future(followed)
    try:
        while not (await asyncio.wait({task}, timeout=LIVES_SECONDS))[0]:
            if not lives():
                raise NotReadyError("the control plane of this run ended before it", hint="run it again")
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
