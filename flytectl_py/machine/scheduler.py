"""Decides which queued action runs next, within what the machine has, and looks after all that run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from typing import Any

from flyteidl2.core.catalog_pb2 import CatalogCacheStatus
from flyteidl2.task.run_pb2 import RunSpec
from flyteidl2.task.task_definition_pb2 import TaskSpec

from flytectl_py.errors import FlyteError
from flytectl_py.machine import outcomes
from flytectl_py.machine.attempts import Attempt
from flytectl_py.machine.launches import run_folder
from flytectl_py.machine.phases import FAILED, QUEUED, SUCCEEDED, TIMED_OUT
from flytectl_py.machine.plane import Plane
from flytectl_py.runtime.outcome import OUTPUTS

AT_ONCE = 64
"""How many queued actions are looked at in one go."""
TROUBLE_SECONDS = 1.0
"""The pause after the state could not be written, as on a full disk."""
CACHE_HIT = int(CatalogCacheStatus.Value("CACHE_HIT"))

log = logging.getLogger("flyte.machine")


class Scheduler:
    """Runs actions of one control plane, in the event loop that its services have, too.

    An action whose children have not ended does not count for the cores: it waits for them, and a machine full of
    parents would wait for ever.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._woken = asyncio.Event()
        self._attempts: dict[int, Attempt] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look at the queue again: something was put there, or has ended."""
        self._woken.set()

    async def run(self) -> None:
        """Take up what an earlier process left, then start actions for ever."""
        await self._recover()
        while True:
            self._woken.clear()
            try:
                wait = self._go_on()
            except sqlite3.Error:
                log.exception("the state cannot be read or written")
                wait = TROUBLE_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait)

    async def stop(self) -> None:
        """Stop all that runs; it is queued again for the next start."""
        attempts = list(self._attempts.values())
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for result in await asyncio.gather(*(each.interrupt() for each in attempts), return_exceptions=True):
            if isinstance(result, BaseException):
                log.error("an attempt could not be stopped", exc_info=result)

    async def _recover(self) -> None:
        under_way = self._plane.progress.under_way()
        await self._plane.executor.tidy({left["token"] for left in under_way})
        for left in under_way:
            row = self._plane.runs.by_number(left["action"])
            attempt = Attempt(self._plane, row, left["number"], left["token"])
            if await self._plane.executor.adopt(left["token"]):
                self._plane.progress.running(row, left["number"])
                attempt.is_started = True
                self._look_after(attempt)
            else:
                # What was about to start never did, so this was no attempt.
                await self._plane.executor.forget(left["token"])
                self._plane.progress.undo(row, left["number"])

    def _go_on(self) -> float | None:
        """Start what may start; return in how many seconds there is something to do without being woken."""
        now = time.time()
        for row in self._plane.runs.overdue(now):
            self._give_up(row, now)
        self._start_what_fits(now)
        moment = self._plane.runs.next_moment(now)
        return None if moment is None else max(0.01, moment - time.time())

    def _start_what_fits(self, now: float) -> None:
        """Start actions in their order, up to the first for which there is no room."""
        passed_over = 0
        while ready := self._plane.runs.ready(now, AT_ONCE, passed_over):
            for row in ready:
                if self._awaits_the_same(row) or self._run_is_full(row):
                    passed_over += 1
                elif self._fits(row):
                    self._start(row)
                else:
                    return

    def _start(self, row: Any) -> None:
        token = os.urandom(12).hex()
        executor = self._plane.executor
        output = f"{run_folder(row)}/{int(row['attempt']) + 1}"
        number = self._plane.progress.begin(row, token, executor.name, output)
        if number is not None:
            self._look_after(Attempt(self._plane, row, number, token))

    def _look_after(self, attempt: Attempt) -> None:
        number = attempt.row["id"]
        task = asyncio.get_running_loop().create_task(self._see_through(attempt))
        self._attempts[number], self._tasks[number] = attempt, task

        def over(done: asyncio.Task[None]) -> None:
            self._attempts.pop(number, None)
            self._tasks.pop(number, None)
            if not done.cancelled() and done.exception() is not None:
                log.error("an attempt was lost", exc_info=done.exception())
                error = outcomes.failure("ControlPlaneFault", f"it cannot be followed: {done.exception()!r}")
                self._plane.progress.end(attempt.row, FAILED, number=attempt.number, error=error.SerializeToString())
            self.wake()

        task.add_done_callback(over)

    async def _see_through(self, attempt: Attempt) -> None:
        """See an attempt to its end, also where the state, the store or a daemon are away for a while."""
        while True:
            try:
                if attempt.is_started:
                    await attempt.follow()
                else:
                    await self._begin(attempt)
            except (sqlite3.Error, FlyteError, OSError) as error:
                log.warning("an attempt cannot be followed for now: %s", error)
                await asyncio.sleep(TROUBLE_SECONDS)
            else:
                return

    async def _begin(self, attempt: Attempt) -> None:
        hit = await self._cached(attempt.row)
        if hit:
            number = attempt.number
            self._plane.progress.end(attempt.row, SUCCEEDED, number=number, output_uri=hit, cache_status=CACHE_HIT)
        else:
            await attempt.run()

    async def _cached(self, row: Any) -> str:
        """Return where the outputs of an earlier call are that was the same; empty where there was none."""
        if not row["cache_key"]:
            return ""
        run_spec = RunSpec.FromString(row["run_spec"])
        if run_spec.overwrite_cache or run_spec.cache_config.overwrite_cache:
            return ""
        key = (row["project"], row["domain"], row["cache_key"])
        found = self._plane.progress.cached(*key)
        if found is None:
            return ""
        oldest = TaskSpec.FromString(row["spec"]).task_template.metadata.cache_max_age.ToTimedelta().total_seconds()
        if oldest and time.time() - found["created"] > oldest:
            return ""
        uri = str(found["output_uri"])
        try:
            there = await self._plane.blobs.find(f"{uri}/{OUTPUTS}") is not None
        except FlyteError:
            there = False
        if not there:
            self._plane.progress.forget(*key)
        return uri if there else ""

    def _give_up(self, row: Any, now: float) -> None:
        """End an action that waited or ran for too long. What runs of it sees that it has ended, and stops."""
        waited = row["phase"] == QUEUED and row["expires"] is not None and row["expires"] < now
        said = "waited in the queue for longer than it may" if waited else "did not end before its deadline"
        error = outcomes.failure(outcomes.TIMEOUT, f"{row['name']} {said}", recoverable=False)
        self._plane.progress.end(row, TIMED_OUT, error=error.SerializeToString())

    def _awaits_the_same(self, row: Any) -> bool:
        """Whether a call that is the same runs, and the task wants one to wait for the other's outputs."""
        if not row["cache_key"]:
            return False
        key = (row["project"], row["domain"], row["cache_key"])
        running = (each.row for each in self._attempts.values())
        if not any((each["project"], each["domain"], each["cache_key"]) == key for each in running):
            return False
        return bool(TaskSpec.FromString(row["spec"]).task_template.metadata.cache_serializable)

    def _run_is_full(self, row: Any) -> bool:
        """Whether as many actions of the run are at work as it allows. Those that wait for others do not count."""
        most = RunSpec.FromString(row["run_spec"]).max_action_concurrency
        if not most:
            return False
        waiting = self._plane.runs.waiting_parents()
        running = [each.row for each in self._attempts.values() if each.row["run"] == row["run"]]
        return bool(sum((each["run"], each["name"]) not in waiting for each in running) >= most)

    def _fits(self, row: Any) -> bool:
        """Whether the machine has room for an action. What would never fit may run alone."""
        running = [each.row for each in self._attempts.values()]
        waiting = self._plane.runs.waiting_parents()
        busy = [each for each in running if (each["run"], each["name"]) not in waiting]
        if not busy:
            return True
        cpu = sum(each["cpu"] for each in busy) + row["cpu"]
        memory = sum(each["memory"] for each in running) + row["memory"]
        return bool(cpu <= self._plane.capacity.cpu + 1e-9 and memory <= self._plane.capacity.memory)
