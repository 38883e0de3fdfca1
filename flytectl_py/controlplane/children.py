"""Calls that a running task makes about the actions below it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from flyteidl2.actions.actions_service_pb2 import (
    AbortRequest,
    AbortResponse,
    EnqueueRequest,
    EnqueueResponse,
    SignalRequest,
    SignalResponse,
    UpdateRequest,
    UpdateResponse,
    WatchForUpdatesRequest,
    WatchForUpdatesResponse,
)
from flyteidl2.workflow.queue_service_pb2 import (
    AbortQueuedActionRequest,
    AbortQueuedActionResponse,
    AbortQueuedRunRequest,
    AbortQueuedRunResponse,
    EnqueueActionRequest,
    EnqueueActionResponse,
)
from flyteidl2.workflow.state_service_pb2 import (
    GetRequest,
    GetResponse,
    PutRequest,
    PutResponse,
    WatchRequest,
    WatchResponse,
)

from flytectl_py.controlplane.api import AlreadyExistsError, Calls


class Actions:
    """Children of a running task."""

    service: Final = "flyteidl2.actions.ActionsService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def enqueue(self, request: EnqueueRequest) -> EnqueueResponse:
        """Start a child, or report one that has happened. Its name makes sure that it happens once."""
        try:
            return await self.calls.unary(self.service, "Enqueue", request, EnqueueResponse)
        except AlreadyExistsError as error:
            if not error.perhaps_done:
                raise
        return EnqueueResponse()

    def watch_for_updates(self, request: WatchForUpdatesRequest) -> AsyncIterator[WatchForUpdatesResponse]:
        """Yield all children as they are, a sentinel, then each that changes."""
        return self.calls.stream(self.service, "WatchForUpdates", request, WatchForUpdatesResponse)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Report how an action is."""
        return await self.calls.unary(self.service, "Update", request, UpdateResponse)

    async def abort(self, request: AbortRequest) -> AbortResponse:
        """Abort a child."""
        return await self.calls.unary(self.service, "Abort", request, AbortResponse)

    async def signal(self, request: SignalRequest) -> SignalResponse:
        """Give a child the event that it waits for."""
        return await self.calls.unary(self.service, "Signal", request, SignalResponse)


class Queue:
    """Children of a running task, the older way."""

    service: Final = "flyteidl2.workflow.QueueService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def enqueue_action(self, request: EnqueueActionRequest) -> EnqueueActionResponse:
        """Start a child, or report one that has happened. Its name makes sure that it happens once."""
        try:
            return await self.calls.unary(self.service, "EnqueueAction", request, EnqueueActionResponse)
        except AlreadyExistsError as error:
            if not error.perhaps_done:
                raise
        return EnqueueActionResponse()

    async def abort_queued_run(self, request: AbortQueuedRunRequest) -> AbortQueuedRunResponse:
        """Abort a run."""
        return await self.calls.unary(self.service, "AbortQueuedRun", request, AbortQueuedRunResponse)

    async def abort_queued_action(self, request: AbortQueuedActionRequest) -> AbortQueuedActionResponse:
        """Abort a child."""
        return await self.calls.unary(self.service, "AbortQueuedAction", request, AbortQueuedActionResponse)


class State:
    """What becomes of children, the older way."""

    service: Final = "flyteidl2.workflow.StateService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def put(self, request: PutRequest) -> PutResponse:
        """Report how an action is."""
        return await self.calls.unary(self.service, "Put", request, PutResponse)

    async def get(self, request: GetRequest) -> GetResponse:
        """Return how an action is."""
        return await self.calls.unary(self.service, "Get", request, GetResponse)

    def watch(self, request: WatchRequest) -> AsyncIterator[WatchResponse]:
        """Yield all children as they are, a sentinel, then each that changes."""
        return self.calls.stream(self.service, "Watch", request, WatchResponse)
