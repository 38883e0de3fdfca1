"""A run on a cluster, watched: its phases as they change, and what it prints, until it has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from flytectl_py.controlplane.api import NotFoundError, RemoteCallError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.streams import closing
from flytectl_py.engines.remote import Remote
from flytectl_py.engines.remote_records import action_details
from flytectl_py.errors import LogsNotYetAvailableError, UsageError
from flytectl_py.wire import run_request as request
from flytectl_py.wire.run_records import (
    ActionRecord,
    LogLine,
    action_record,
    last_attempt,
    log_lines,
    run_record,
)

LAST_LINES_SECONDS = 5.0
"""How long lines may still come after the run has ended."""
PAUSE_SECONDS = 1.0
"""Between two questions, where an answer that should have been a stream has ended."""
BEFORE_IT_STARTS = frozenset({"queued", "waiting_for_resources", "initializing", "unspecified"})

Watcher = Callable[[ActionRecord], None]
Reader = Callable[[LogLine], None]


async def ended(plane: ControlPlane, remote: Remote, run: str, tell: Watcher | None = None) -> ActionRecord:
    """Return the run when it has ended; `tell` is called with each of its phases on the way."""
    async with closing(_watched(plane, remote, run)) as watched:
        async for details in watched:
            record = run_record(details)
            if tell is not None:
                tell(record)
    return record


async def follow(plane: ControlPlane, remote: Remote, run: str, tell: Watcher, read: Reader) -> ActionRecord:
    """As `ended`; `read` is called with each line that the run's own action prints, in every attempt of it."""
    reading: asyncio.Task[None] | None = None
    attempt = 0
    try:
        async with closing(_watched(plane, remote, run)) as watched:
            async for details in watched:
                record = run_record(details)
                latest = last_attempt(details.action)
                if latest > attempt and reading is not None:  # The lines of an attempt belong before the next one.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reading, LAST_LINES_SECONDS)
                    reading = None
                tell(record)
                if latest > attempt and record.phase not in BEFORE_IT_STARTS:
                    attempt = latest
                    reading = asyncio.create_task(_read(plane, remote, run, attempt, read))
        if reading is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reading, LAST_LINES_SECONDS)
    finally:
        if reading is not None:  # It needs the connection that is closed next.
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    return record


async def read_logs(remote: Remote, run: str, action: str, attempt: int, read: Reader) -> ActionRecord:
    """Call `read` with each line that an attempt of an action prints, until the attempt ends; return the action.

    :param action: empty for the run itself. :param attempt: 0 for the latest.
    :raises UsageError: there is no such run, action or attempt.
    :raises LogsNotYetAvailableError: it has not printed anything yet.
    """
    name = action or request.ROOT_ACTION
    async with remote.connect() as plane:
        details = await action_details(plane, remote, run, name)
        record = action_record(details)
        latest = last_attempt(details)
        if attempt > latest:
            raise UsageError(f"{run}/{name} has no attempt {attempt}; the latest is {latest}", where="--attempt")
        if record.phase in BEFORE_IT_STARTS:
            error = LogsNotYetAvailableError(f"{run} has not started yet: {record.phase.replace('_', ' ')}")
            error.hint = f"'flyte get run {run}' shows how far it is"
            raise error
        async with closing(lines_of(plane, remote, run, name, attempt or latest)) as lines:
            async for line in lines:
                read(line)
    return record


async def lines_of(plane: ControlPlane, remote: Remote, run: str, action: str, attempt: int) -> AsyncIterator[LogLine]:
    """Yield what one attempt of an action prints, each line once, until the attempt ends."""
    cluster = await plane.cluster_of(request.cluster_for_logs(remote.scope, run, action))
    asked = request.tail_logs(remote.scope, run, action, attempt)
    async with closing(cluster.data.tail_logs(asked)) as responses:
        async for response in responses:
            for line in log_lines(response):
                yield line


async def _watched(plane: ControlPlane, remote: Remote, run: str) -> AsyncIterator[Any]:
    """Yield the run's details whenever its phase or its attempt changes; the last time when it has ended."""
    told: tuple[str, int] | None = None
    while True:
        async with closing(plane.runs.watch_run_details(request.watch_run(remote.scope, run))) as responses:
            async for response in responses:
                details = response.details
                record = run_record(details)
                now = (record.phase, last_attempt(details.action))
                if now != told:
                    told = now
                    yield details
                if record.has_ended:
                    return
        await asyncio.sleep(PAUSE_SECONDS)  # Servers close streams that are open for long.


async def _read(plane: ControlPlane, remote: Remote, run: str, attempt: int, read: Reader) -> None:
    """Read the lines of one attempt."""
    while True:
        try:
            async with closing(lines_of(plane, remote, run, request.ROOT_ACTION, attempt)) as lines:
                async for line in lines:
                    read(line)
        except NotFoundError:
            await asyncio.sleep(PAUSE_SECONDS)  # The container is not known yet where logs are kept.
        except RemoteCallError as error:
            if remote.note is not None:
                remote.note(f"what the run prints cannot be shown: {error}")
            return
        else:
            return
