"""One attempt of an action, from its start to its end, or from where a killed control plane left it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from flyteidl2.core.catalog_pb2 import CatalogCacheStatus
from flyteidl2.core.execution_pb2 import ExecutionError
from flyteidl2.task.run_pb2 import RunSpec
from flyteidl2.task.task_definition_pb2 import TaskSpec

from flytectl_py.errors import FlyteError
from flytectl_py.machine import outcomes
from flytectl_py.machine.executors.api import CannotStartError, Ended
from flytectl_py.machine.launches import Surroundings, launch_of, log_file, run_folder
from flytectl_py.machine.outcomes import Outcome
from flytectl_py.machine.phases import ENDED, FAILED, SUCCEEDED, TIMED_OUT
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.printed import keep_times
from flytectl_py.machine.raw_containers import BadOutputError, collect, is_raw, staged

GRACE_SECONDS = 10.0
"""How long an attempt that is stopped may take to write its outcome."""
LATE_SECONDS = 3.0
"""How much longer than its timeout an attempt may take: it ends itself, and says more about it than we can."""
CACHE_POPULATED = int(CatalogCacheStatus.Value("CACHE_POPULATED"))


class Attempt:
    """An attempt that has begun in the database, under `token`.

    :param row: of its action, as it was before. :param number: from 1 on.
    `is_started` says that its executor may know it.
    """

    def __init__(self, plane: Plane, row: Any, number: int, token: str) -> None:
        self.row = row
        self.number = number
        self.token = token
        self._plane = plane
        self._spec = TaskSpec.FromString(row["spec"])
        self._run_spec = RunSpec.FromString(row["run_spec"])
        self._folder = f"{run_folder(row)}/{number}"
        self._left: list[Outcome | None] = []
        self.is_started = False

    async def run(self) -> None:
        """Start it and see it through."""
        try:
            around = Surroundings(self._plane.url, self._plane.logs, self._plane.home / "secrets")
            launch = launch_of(self.row, self.number, self.token, self._spec, self._run_spec, around)
            if is_raw(self._spec):
                launch = await staged(launch, self._spec, self.row["input_uri"], self._files)
            self.is_started = True
            await self._plane.executor.start(launch)
        except CannotStartError as error:
            self.is_started = True
            self._left.append(Outcome(outcomes.failure("CannotStart", str(error), recoverable=False)))
        else:
            self._plane.progress.running(self.row, self.number)
        await self.follow()

    async def follow(self) -> None:
        """Wait for its end and settle what becomes of the action; stop it where the action has ended before.

        It may be called again where the state could not be written: how it ended is known then.
        """
        if not self._left:
            self._left.append(await self._end())
        outcome = self._left[0]
        # What is left of it goes last: a control plane that is killed here finds it again, and runs nothing twice.
        if outcome is None:
            self._plane.progress.attempt_over(self.row["id"], self.number)
        else:
            self._settle(outcome)
        await self._plane.executor.forget(self.token)

    async def interrupt(self) -> None:
        """Stop it because the control plane stops; the action is queued for another one."""
        await self._plane.executor.stop(self.token, GRACE_SECONDS)
        found = await outcomes.outcome_of(self._plane.blobs, self._folder, Ended(None))
        if found.error is None:
            self._settle(found)
        else:
            said = outcomes.failure(outcomes.INTERRUPTED, "the control plane was stopped")
            self._plane.progress.again(self.row, self.number, said.SerializeToString(), 0)
        await self._plane.executor.forget(self.token)

    async def _end(self) -> Outcome | None:
        """Return how it ended; None where its action had ended before, and it was stopped for that."""
        executor = self._plane.executor
        waiting = asyncio.ensure_future(executor.wait(self.token))
        aborted = asyncio.ensure_future(self._action_ended())
        noting = asyncio.ensure_future(keep_times(log_file(self._plane.logs, self.row, self.number)))
        limit = self._spec.task_template.metadata.timeout.ToTimedelta().total_seconds()
        try:
            timeout = self._seconds_left(limit)
            await asyncio.wait({waiting, aborted}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return await self._outcome(waiting.result())
            await executor.stop(self.token, GRACE_SECONDS)
            if aborted.done():
                return None
            left = await self._outcome(await waiting)
            return left if left.error is None else Outcome(outcomes.timed_out(self._name, limit))
        finally:
            for each in (waiting, aborted):
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await each
            noting.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await noting  # on a full disk lines have no times of their own

    async def _outcome(self, ended: Ended) -> Outcome:
        try:
            if is_raw(self._spec) and ended.code == 0:
                await collect(self._spec, self._folder, self._files)
            return await outcomes.outcome_of(self._plane.blobs, self._folder, ended)
        except BadOutputError as error:
            return Outcome(outcomes.failure("BadOutput", str(error), recoverable=False))
        except FlyteError as error:
            return Outcome(outcomes.failure("StoreUnavailable", f"the outcome cannot be read: {error}"))

    def _seconds_left(self, limit: float) -> float | None:
        if not limit:
            return None
        attempts = self._plane.progress.attempts(self.row["id"])
        begun = float(next(each["started"] for each in attempts if each["token"] == self.token))
        return max(0.0, begun + limit + LATE_SECONDS - time.time())

    async def _action_ended(self) -> None:
        while True:
            bell = self._plane.changes.bell(self.row["run"])
            now = self._plane.runs.by_number(self.row["id"])
            if now["phase"] in ENDED:
                return
            await bell.wait()

    def _settle(self, outcome: Outcome) -> None:
        """Make of the outcome the end of the action, or the wait for another attempt."""
        progress, row = self._plane.progress, self.row
        error = outcome.error
        if error is None:
            key = (row["project"], row["domain"], row["cache_key"])
            cached = bool(row["cache_key"])
            progress.end(
                row, SUCCEEDED, number=self.number, output_uri=self._folder,
                cache_status=CACHE_POPULATED if cached else 0, store_as=key if cached else None,
            )  # fmt: skip
            return
        retries = self._spec.task_template.metadata.retries
        if outcome.may_repeat and self._failed_before() < retries.retries:
            wait = outcomes.wait_before(retries, self.number)
            progress.again(row, self.number, error.SerializeToString(), wait)
            return
        phase = TIMED_OUT if outcome.is_timeout else FAILED
        progress.end(row, phase, number=self.number, error=error.SerializeToString(), output_uri=self._folder)

    def _failed_before(self) -> int:
        """Return how many attempts have failed so far; those that the control plane itself ended do not count."""
        codes = [
            ExecutionError.FromString(each["error"]).code
            for each in self._plane.progress.attempts(self.row["id"])
            if each["error"] is not None
        ]
        return sum(code != outcomes.INTERRUPTED for code in codes)

    @property
    def _files(self) -> Path:
        """The folder with the files of a command, its inputs and outputs."""
        return self._plane.home / "commands" / self.token

    @property
    def _name(self) -> str:
        return str(self._spec.task_template.id.name)
