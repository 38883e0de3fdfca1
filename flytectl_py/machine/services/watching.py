"""The streams of RunService: what there is, then what changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from flyteidl2.common.identifier_pb2 import ProjectIdentifier
from flyteidl2.common.list_pb2 import Sort
from flyteidl2.workflow import run_service_pb2 as messages
from flyteidl2.workflow.run_definition_pb2 import TaskGroup

from flytectl_py.machine import messages as told
from flytectl_py.machine.changes import ANY
from flytectl_py.machine.phases import ENDED
from flytectl_py.machine.services.listing import passes
from flytectl_py.machine.services.run_lists import action_fields, groups_of, is_of, run_fields
from flytectl_py.machine.services.serving import Service

REST_SECONDS: Final = 0.5
"""Between two looks at all runs of a project: what changes meanwhile is told together."""


class Watching(Service):
    """Streams of runs and actions."""

    async def watch_run_details(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of a run now, and whenever its first action changes, until it has ended."""
        async for row in self._watched(self.run(request.run_id)):
            yield messages.WatchRunDetailsResponse(details=told.run_details(row, self.attempts(row)))

    async def watch_action_details(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of an action now, and whenever it changes, until it has ended."""
        async for row in self._watched(self.action(request.action_id)):
            yield messages.WatchActionDetailsResponse(details=told.details(row, self.attempts(row)))

    async def watch_actions(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of all actions of a run, then of those that change, until the run has ended."""
        run, fields = self.run(request.run_id)["run"], action_fields(self.plane)
        seen = 0
        while True:
            bell = self.plane.changes.bell(run)
            changed = self.plane.runs.changed(run, seen)
            if changed:
                seen = max(row["changed"] for row in changed)
                enriched = [
                    {"action": told.action(row), "meets_filter": passes(row, request.filter, fields)} for row in changed
                ]
                yield messages.WatchActionsResponse(enriched_actions=enriched)
            if self.run(request.run_id)["phase"] in ENDED and not self.plane.runs.changed(run, seen):
                return
            await bell.wait()

    async def watch_cluster_events(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of the phases of an attempt so far: there are no other events on one machine."""
        attempts = self.attempts(self.action(request.id))
        yield messages.WatchClusterEventsResponse(cluster_events=told.events(attempts, request.attempt))

    async def watch_runs(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of all runs, the latest first, then of those that begin or change, without end."""
        kind = request.WhichOneof("target")
        task = request.task_id if kind == "task_id" else None
        place = request.project_id if kind == "project_id" else ProjectIdentifier()
        project = (task.project, task.domain) if task is not None else (place.name, place.domain)
        seen, is_first = 0, True
        while True:
            bell = self.plane.changes.bell(ANY)
            rows = self.plane.runs.roots(*project, since=seen)
            seen = max((row["changed"] for row in rows), default=seen)
            wanted = [row for row in rows if task is None or is_of(row, task)]
            if wanted or is_first:
                yield messages.WatchRunsResponse(runs=[told.run(row) for row in wanted])
            is_first = False
            await bell.wait()

    async def watch_groups(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of the runs of each task in numbers, a sentinel, then of tasks whose numbers change, without end."""
        known: dict[str, TaskGroup] = {}
        is_first = True
        while True:
            bell = self.plane.changes.bell(ANY)
            groups = self._groups(request)
            changed = [group for name, group in groups.items() if known.get(name) != group]
            gone = [TaskGroup(task_name=name, should_delete=True) for name in known if name not in groups]
            if changed or gone:
                yield messages.WatchGroupsResponse(task_groups=[*changed, *gone])
            if is_first:
                yield messages.WatchGroupsResponse(sentinel=True)
            known, is_first = groups, False
            await bell.wait()
            await asyncio.sleep(REST_SECONDS)

    def attempts(self, row: Any) -> list[Any]:
        """Return the attempts of an action."""
        return self.plane.progress.attempts(row["id"])

    def _groups(self, request: Any) -> dict[str, TaskGroup]:
        """Return the groups that are asked for, as many as the limit says, by the names of their tasks."""
        project, fields = request.project_id, run_fields(self.plane)
        first = request.start_date.ToNanoseconds() / 1e9 if request.HasField("start_date") else 0
        last = request.end_date.ToNanoseconds() / 1e9 if request.HasField("end_date") else float("inf")
        rows = [
            row
            for row in self.plane.runs.roots(project.name, project.domain)
            if first <= row["created"] < last and passes(row, request.request.filters, fields)
        ]
        found = list(groups_of(self.plane, rows).items())
        if any(each.created_at == Sort.ASCENDING for each in request.known_sort_fields):
            found.reverse()
        return dict(found[: request.request.limit or None])

    async def _watched(self, row: Any) -> AsyncIterator[Any]:
        seen = 0
        while True:
            bell = self.plane.changes.bell(row["run"])
            now = self.plane.runs.by_number(row["id"])
            if now["changed"] > seen:
                seen = now["changed"]
                yield now
            if now["phase"] in ENDED:
                return
            await bell.wait()
