"""Calls about runs, their actions and what those print."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from flyteidl2.workflow.run_logs_service_pb2 import TailLogsRequest, TailLogsResponse
from flyteidl2.workflow.run_service_pb2 import (
    AbortActionRequest,
    AbortActionResponse,
    AbortRunRequest,
    AbortRunResponse,
    CreateRunRequest,
    CreateRunResponse,
    GetActionDataRequest,
    GetActionDataResponse,
    GetActionDataURIsRequest,
    GetActionDataURIsResponse,
    GetActionDetailsRequest,
    GetActionDetailsResponse,
    GetActionLogContextRequest,
    GetActionLogContextResponse,
    GetRunDetailsRequest,
    GetRunDetailsResponse,
    ListActionsRequest,
    ListActionsResponse,
    ListRunsRequest,
    ListRunsResponse,
    SignalEventRequest,
    SignalEventResponse,
    WatchActionDetailsRequest,
    WatchActionDetailsResponse,
    WatchActionsRequest,
    WatchActionsResponse,
    WatchClusterEventsRequest,
    WatchClusterEventsResponse,
    WatchGroupsRequest,
    WatchGroupsResponse,
    WatchRunDetailsRequest,
    WatchRunDetailsResponse,
    WatchRunsRequest,
    WatchRunsResponse,
)

from flytectl_py.controlplane.api import AlreadyExistsError, Calls, RemoteCallError
from flytectl_py.controlplane.resumed import lines_once


class Runs:
    """Runs and their actions."""

    service: Final = "flyteidl2.workflow.RunService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def create_run(self, request: CreateRunRequest) -> CreateRunResponse:
        """Start a run. With a name of its own it is started once, whatever happens to the connection.

        :raises AlreadyExistsError: another run has that name.
        """
        named = request.WhichOneof("id") == "run_id"
        try:
            return await self.calls.unary(self.service, "CreateRun", request, CreateRunResponse, repeatable=named)
        except AlreadyExistsError as error:
            if not error.perhaps_done:
                raise
        # An attempt whose answer was lost started it.
        try:
            found = await self.get_run_details(GetRunDetailsRequest(run_id=request.run_id))
        except RemoteCallError as error:
            error.perhaps_done = True
            raise
        action = found.details.action
        response = CreateRunResponse()
        response.run.action.id.CopyFrom(action.id)
        response.run.action.metadata.CopyFrom(action.metadata)
        response.run.action.status.CopyFrom(action.status)
        return response

    async def abort_run(self, request: AbortRunRequest) -> AbortRunResponse:
        """Abort a run with all its actions."""
        return await self.calls.unary(self.service, "AbortRun", request, AbortRunResponse)

    async def get_run_details(self, request: GetRunDetailsRequest) -> GetRunDetailsResponse:
        """Return a run, whole."""
        return await self.calls.unary(self.service, "GetRunDetails", request, GetRunDetailsResponse)

    def watch_run_details(self, request: WatchRunDetailsRequest) -> AsyncIterator[WatchRunDetailsResponse]:
        """Yield a run as it is, then each time it changes."""
        return self.calls.stream(self.service, "WatchRunDetails", request, WatchRunDetailsResponse)

    async def get_action_details(self, request: GetActionDetailsRequest) -> GetActionDetailsResponse:
        """Return an action of a run, whole."""
        return await self.calls.unary(self.service, "GetActionDetails", request, GetActionDetailsResponse)

    def watch_action_details(self, request: WatchActionDetailsRequest) -> AsyncIterator[WatchActionDetailsResponse]:
        """Yield an action as it is, then each time it changes."""
        return self.calls.stream(self.service, "WatchActionDetails", request, WatchActionDetailsResponse)

    async def get_action_data(self, request: GetActionDataRequest) -> GetActionDataResponse:
        """Return the inputs and outputs of an action."""
        return await self.calls.unary(self.service, "GetActionData", request, GetActionDataResponse)

    async def list_runs(self, request: ListRunsRequest) -> ListRunsResponse:
        """Return a page of runs."""
        return await self.calls.unary(self.service, "ListRuns", request, ListRunsResponse)

    def watch_runs(self, request: WatchRunsRequest) -> AsyncIterator[WatchRunsResponse]:
        """Yield runs as they are, then each that changes."""
        return self.calls.stream(self.service, "WatchRuns", request, WatchRunsResponse)

    async def list_actions(self, request: ListActionsRequest) -> ListActionsResponse:
        """Return a page of a run's actions."""
        return await self.calls.unary(self.service, "ListActions", request, ListActionsResponse)

    def watch_actions(self, request: WatchActionsRequest) -> AsyncIterator[WatchActionsResponse]:
        """Yield the actions of a run as they are, then each that changes."""
        return self.calls.stream(self.service, "WatchActions", request, WatchActionsResponse)

    def watch_cluster_events(self, request: WatchClusterEventsRequest) -> AsyncIterator[WatchClusterEventsResponse]:
        """Yield what the cluster reports of an action's attempt."""
        return self.calls.stream(self.service, "WatchClusterEvents", request, WatchClusterEventsResponse)

    async def abort_action(self, request: AbortActionRequest) -> AbortActionResponse:
        """Abort one action."""
        return await self.calls.unary(self.service, "AbortAction", request, AbortActionResponse)

    async def signal_event(self, request: SignalEventRequest) -> SignalEventResponse:
        """Give an action the event that it waits for."""
        return await self.calls.unary(self.service, "SignalEvent", request, SignalEventResponse)

    def watch_groups(self, request: WatchGroupsRequest) -> AsyncIterator[WatchGroupsResponse]:
        """Yield runs by the task that they are of."""
        return self.calls.stream(self.service, "WatchGroups", request, WatchGroupsResponse)

    async def get_action_data_uris(self, request: GetActionDataURIsRequest) -> GetActionDataURIsResponse:
        """Return where the inputs and outputs of an action are."""
        return await self.calls.unary(self.service, "GetActionDataURIs", request, GetActionDataURIsResponse)

    async def get_action_log_context(self, request: GetActionLogContextRequest) -> GetActionLogContextResponse:
        """Return which containers an action's attempt has."""
        return await self.calls.unary(self.service, "GetActionLogContext", request, GetActionLogContextResponse)


class Logs:
    """What containers print."""

    service: Final = "flyteidl2.workflow.RunLogsService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def tail_logs(self, request: TailLogsRequest) -> AsyncIterator[TailLogsResponse]:
        """Yield lines from the first one on, each once, and then as they are written, until the attempt ends."""
        return lines_once(
            lambda reopened: self.calls.stream(self.service, "TailLogs", request, TailLogsResponse, reopened=reopened)
        )
