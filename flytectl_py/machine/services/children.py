"""ActionsService, QueueService and StateService: what a running task asks for and hears about its children."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2 as of_actions
from flyteidl2.actions.actions_service_connect import ActionsService
from flyteidl2.common.phase_pb2 import ActionPhase
from flyteidl2.workflow import queue_service_pb2 as of_queue
from flyteidl2.workflow import state_service_pb2 as of_state
from flyteidl2.workflow.queue_service_connect import QueueService
from flyteidl2.workflow.state_service_connect import StateService

from flytectl_py.machine import messages as told
from flytectl_py.machine.enqueueing import child_action
from flytectl_py.machine.executors.api import CannotStartError
from flytectl_py.machine.launches import run_folder
from flytectl_py.machine.outcomes import failure
from flytectl_py.machine.phases import ABORTED, ENDED, FAILED, INITIALIZING, RUNNING, SUCCEEDED, TIMED_OUT
from flytectl_py.machine.runs import ExistsError, RunKey
from flytectl_py.machine.services.conditions import Conditions
from flytectl_py.machine.services.serving import Service, checked, missing, unsupported

_UNDER_WAY: Final = frozenset({INITIALIZING, RUNNING})
_REPORTED: Final = frozenset({RUNNING, SUCCEEDED, FAILED, ABORTED, TIMED_OUT})


class Children(Service):
    """What both forms of the protocol do."""

    def enqueue_child(self, asked: Any) -> None:
        """Queue a child, note a traced call, or let a condition wait.

        :raises ConnectError: there is one of that name, or its parent is unknown or has ended.
        """
        if asked.HasField("condition") and asked.condition.HasField("webhook"):
            raise unsupported("a condition that calls a webhook", "the control plane of one machine calls nobody")
        name, parent = checked(asked.action_id.name), asked.parent_action_name
        above = self.plane.runs.find(RunKey.of(asked.action_id.run), parent)
        if above is None:
            raise missing(f"action {parent} of run {asked.action_id.run.name}, which calls {name},")
        if above["phase"] in ENDED:
            raise ConnectError(Code.FAILED_PRECONDITION, f"action {parent}, which calls {name}, has ended")
        try:
            self.plane.runs.enqueue(above, child_action(asked))
        except ExistsError as error:
            raise ConnectError(Code.ALREADY_EXISTS, f"action {name} exists") from error
        except CannotStartError as error:
            raise ConnectError(Code.INVALID_ARGUMENT, str(error)) from error
        self.wake()

    def abort_child(self, identifier: Any, reason: str) -> None:
        """Abort a child with all that it called."""
        self.plane.progress.abort(self.action(identifier), reason or "aborted by its parent")
        self.wake()

    async def updates(self, parent: Any, wrap: Callable[..., Any]) -> AsyncIterator[Any]:
        """Yield all children of an action as they are, a sentinel, then each that changes, without end."""
        above = self.action(parent)
        seen = 0
        told_all = False
        while True:
            bell = self.plane.changes.bell(above["run"])
            for row in self.plane.runs.children(above["run"], above["name"], seen):
                seen = row["changed"]
                yield wrap(action_update=told.update(row))
            if not told_all:
                told_all = True
                yield wrap(control_message={"sentinel": True})
            await bell.wait()


class Actions(Children, Conditions, ActionsService):
    """Children, the newer way."""

    async def enqueue(self, request: Any, ctx: Any) -> Any:
        """Queue a child."""
        self.enqueue_child(request.action)
        return of_actions.EnqueueResponse()

    async def watch_for_updates(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of all children, then of those that change."""
        async for each in self.updates(request.parent_action_id, of_actions.WatchForUpdatesResponse):
            yield each

    async def abort(self, request: Any, ctx: Any) -> Any:
        """Abort a child."""
        self.abort_child(request.action_id, request.reason)
        return of_actions.AbortResponse()

    async def update(self, request: Any, ctx: Any) -> Any:
        """Note what whoever looks after an attempt says of it. An attempt of which an end is told is stopped."""
        row = self.action(request.action_id)
        attempt, phase = request.attempt or row["attempt"], request.status.phase
        if phase not in _REPORTED:
            raise ConnectError(Code.INVALID_ARGUMENT, f"an attempt is not told to be {ActionPhase.Name(phase)}")
        if attempt != row["attempt"] or row["phase"] not in _UNDER_WAY:
            raise ConnectError(Code.FAILED_PRECONDITION, f"attempt {attempt} of {row['name']} is not under way")
        if phase == RUNNING:
            self.plane.progress.running(row, attempt)
        elif phase == ABORTED:
            self.plane.progress.abort(row, "aborted by what runs it")
        else:
            folder = f"{run_folder(row)}/{attempt}"
            error = None if phase == SUCCEEDED else failure("Reported", f"{row['name']} is said to have failed")
            self.plane.progress.end(
                row, phase, number=attempt, output_uri=folder, error=error and error.SerializeToString()
            )
        self.wake()
        return of_actions.UpdateResponse()

    async def signal(self, request: Any, ctx: Any) -> Any:
        """Tell a condition its value."""
        self.tell(request.action_id, request.value)
        return of_actions.SignalResponse()


class Queue(Children, QueueService):
    """Children, the older way."""

    async def enqueue_action(self, request: Any, ctx: Any) -> Any:
        """Queue a child."""
        self.enqueue_child(request)
        return of_queue.EnqueueActionResponse()

    async def abort_queued_action(self, request: Any, ctx: Any) -> Any:
        """Abort a child."""
        self.abort_child(request.action_id, request.reason)
        return of_queue.AbortQueuedActionResponse()

    async def abort_queued_run(self, request: Any, ctx: Any) -> Any:
        """Abort a run with all its actions."""
        self.plane.progress.abort(self.run(request.run_id), request.reason or "aborted")
        self.wake()
        return of_queue.AbortQueuedRunResponse()


class State(Children, StateService):
    """What becomes of children, the older way; and a text for each action, which is kept for whoever looks after it."""

    async def put(self, request: Any, ctx: Any) -> Any:
        """Keep a text for an action."""
        self.plane.runs.keep_state(self.action(request.action_id), request.state)
        return of_state.PutResponse(action_id=request.action_id, status={})

    async def get(self, request: Any, ctx: Any) -> Any:
        """Return the text that was kept for an action."""
        state = self.plane.runs.state(self.action(request.action_id))
        if state is None:
            raise missing(f"a state of action {request.action_id.name}")
        return of_state.GetResponse(action_id=request.action_id, status={}, state=state)

    async def watch(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        """Tell of all children, then of those that change."""
        async for each in self.updates(request.parent_action_id, of_state.WatchResponse):
            yield each
