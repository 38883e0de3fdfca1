"""RunService: runs are made, listed, told of and aborted."""

from __future__ import annotations

import os
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common.identifier_pb2 import ProjectIdentifier, RunIdentifier
from flyteidl2.common.list_pb2 import Sort
from flyteidl2.task.common_pb2 import Inputs, Outputs
from flyteidl2.workflow import run_service_pb2 as messages
from flyteidl2.workflow.run_service_connect import RunService
from google.protobuf.message import DecodeError

from flytectl_py.errors import FlyteError
from flytectl_py.machine import messages as told
from flytectl_py.machine.enqueueing import root_action
from flytectl_py.machine.executors.api import CannotStartError
from flytectl_py.machine.phases import SUCCEEDED
from flytectl_py.machine.runs import ExistsError, RunKey
from flytectl_py.machine.services.conditions import Conditions, literal_of
from flytectl_py.machine.services.listing import PAGE, order_of, selected, start_of
from flytectl_py.machine.services.run_lists import action_fields, is_of, run_fields
from flytectl_py.machine.services.serving import Service, checked, missing, unsupported
from flytectl_py.machine.services.watching import Watching
from flytectl_py.runtime.outcome import OUTPUTS

ORGANISATION = "machine"
"""Of runs whose client names none: tasks in containers need one."""


class Runs(Conditions, Watching, RunService):
    """Runs and their actions."""

    async def create_run(self, request: Any, ctx: Any) -> Any:
        """Queue the first action of a new run."""
        _check(request.run_spec)
        key = _key_of(request)
        spec, task_id = self._task(request)
        base = (request.run_spec.run_base_dir or self.plane.blobs.uri("runs", key.project, key.domain)).rstrip("/")
        base = f"{base}/{key.name}"
        if request.WhichOneof("input_wrapper") == "offloaded_input_data":
            uri = request.offloaded_input_data.uri
            inputs = await self._inputs(uri)
        else:
            uri, inputs = f"{base}/inputs.pb", request.inputs
            await self.plane.blobs.write(uri, inputs.SerializeToString())
        try:
            root = root_action(spec, task_id, inputs, uri, request.source)
            made = self.plane.runs.create(key, request.run_spec.SerializeToString(), base, root)
        except CannotStartError as error:
            raise ConnectError(Code.INVALID_ARGUMENT, str(error)) from error
        except ExistsError as error:
            raise ConnectError(Code.ALREADY_EXISTS, f"run {key.name} already exists") from error
        self.wake()
        return messages.CreateRunResponse(run=told.run(made))

    async def abort_run(self, request: Any, ctx: Any) -> Any:
        """Abort a run with all its actions."""
        self._abort(self.run(request.run_id), request.reason)
        return messages.AbortRunResponse()

    async def abort_action(self, request: Any, ctx: Any) -> Any:
        """Abort one action with all that it called."""
        self._abort(self.action(request.action_id), request.reason)
        return messages.AbortActionResponse()

    async def get_run_details(self, request: Any, ctx: Any) -> Any:
        """Return all that is known of a run."""
        row = self.run(request.run_id)
        return messages.GetRunDetailsResponse(details=told.run_details(row, self.attempts(row)))

    async def get_action_details(self, request: Any, ctx: Any) -> Any:
        """Return all that is known of an action."""
        row = self.action(request.action_id)
        return messages.GetActionDetailsResponse(details=told.details(row, self.attempts(row)))

    async def get_action_data(self, request: Any, ctx: Any) -> Any:
        """Return inputs and outputs of an action."""
        inputs, outputs = await data_of(self, self.action(request.action_id))
        return messages.GetActionDataResponse(inputs=inputs, outputs=outputs)

    async def get_action_data_u_r_is(self, request: Any, ctx: Any) -> Any:
        """Return where inputs and outputs of an action are."""
        row = self.action(request.action_id)
        outputs = f"{row['output_uri']}/{OUTPUTS}" if row["output_uri"] else ""
        return messages.GetActionDataURIsResponse(inputs_uri=row["input_uri"], outputs_uri=outputs)

    async def list_runs(self, request: Any, ctx: Any) -> Any:
        """Return a page of runs, the latest first."""
        asked, scope = request.request, request.WhichOneof("scope_by")
        if scope == "trigger_name":
            raise unsupported("runs of a trigger")
        task = getattr(request, scope) if scope in ("task_name", "task_id") else None
        place = task or (request.project_id if scope == "project_id" else ProjectIdentifier())
        project = (place.project if task else place.name, place.domain)
        order = order_of(asked, "created_at")
        if task or request.paused_actions_only or asked.filters or asked.raw_filters or order is None:
            rows = [row for row in self.plane.runs.roots(*project) if task is None or is_of(row, task)]
            if request.paused_actions_only:
                paused = self.plane.runs.paused()
                rows = [row for row in rows if row["run"] in paused]
            page, token = selected(rows, asked, run_fields(self.plane))
        else:
            skip, size = start_of(asked.token), asked.limit or PAGE
            # One more than is told says whether there are more.
            found = self.plane.runs.roots(*project, size + 1, skip, oldest_first=order == Sort.ASCENDING)
            page, token = found[:size], str(skip + size) if len(found) > size else ""
        return messages.ListRunsResponse(runs=[told.run(row) for row in page], token=token)

    async def list_actions(self, request: Any, ctx: Any) -> Any:
        """Return a page of a run's actions, the first one first."""
        rows = self.plane.runs.actions(self.run(request.run_id)["run"])
        page, token = selected(rows, request.request, action_fields(self.plane))
        return messages.ListActionsResponse(actions=[told.action(row) for row in page], token=token)

    async def signal_event(self, request: Any, ctx: Any) -> Any:
        """Tell a condition its value."""
        self.tell(request.action_id, literal_of(request.payload))
        return messages.SignalEventResponse()

    async def get_action_log_context(self, request: Any, ctx: Any) -> Any:
        """Refuse: it is about the pods of a cluster."""
        raise unsupported(
            "GetActionLogContext", "one machine has no pods to find logs by; TailLogs tells what was printed"
        )

    # -- the rest

    def _task(self, request: Any) -> tuple[Any, Any]:
        """Return the TaskSpec to run, and the TaskIdentifier of a deployed one."""
        kind = request.WhichOneof("task")
        if kind == "task_spec":
            return request.task_spec, None
        if kind != "task_id":
            raise ConnectError(Code.INVALID_ARGUMENT, "a run needs a task")
        task_id = request.task_id
        found = self.plane.tasks.find(task_id)
        if found is None:
            raise missing(f"task {task_id.name} version {task_id.version} of {task_id.project}/{task_id.domain}")
        return found.spec, task_id

    async def _inputs(self, uri: str) -> Inputs:
        try:
            return Inputs.FromString(await self.plane.blobs.read(uri))
        except (FlyteError, DecodeError) as error:
            raise ConnectError(Code.INVALID_ARGUMENT, f"the inputs at {uri} cannot be read: {error}") from error

    def _abort(self, row: Any, reason: str) -> None:
        self.plane.progress.abort(row, reason or "aborted")
        self.wake()


async def data_of(service: Service, row: Any) -> tuple[Inputs, Outputs]:
    """Return inputs and outputs of an action; no outputs where it has not succeeded.

    :raises ConnectError: the store cannot be read.
    """
    blobs = service.plane.blobs
    try:
        inputs = await blobs.find(row["input_uri"]) if row["input_uri"] else b""
        outputs = b""
        if row["phase"] == SUCCEEDED and row["output_uri"]:
            folder = row["output_uri"].removesuffix(f"/{OUTPUTS}")
            outputs = await blobs.find(f"{folder}/{OUTPUTS}") or b""
        return Inputs.FromString(inputs or b""), Outputs.FromString(outputs)
    except (FlyteError, DecodeError) as error:
        raise ConnectError(Code.UNAVAILABLE, f"the data of {row['name']} cannot be read: {error}") from error


def _key_of(request: Any) -> RunKey:
    if request.WhichOneof("id") == "run_id":
        named = request.run_id
    else:
        project = request.project_id
        named = RunIdentifier(
            org=project.organization, project=project.name, domain=project.domain, name="r" + os.urandom(9).hex()
        )
    for part in (named.project, named.domain, named.name):
        if "/" in checked(part):
            raise ConnectError(Code.INVALID_ARGUMENT, f"{part!r} cannot be a name: it has a '/'")
    return RunKey(named.org or ORGANISATION, named.project, named.domain, named.name)


def _check(run_spec: Any) -> None:
    """Refuse what a run asks for and would not get.

    :raises ConnectError: it asks for more than one machine does.
    """
    if run_spec.HasField("recover"):
        raise unsupported("a run that takes over the actions of another")
    if run_spec.WhichOneof("notification_settings"):
        raise unsupported("a run with notifications")
