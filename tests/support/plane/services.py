"""The services of a Flyte 2 control plane, as flyteidl2's stubs have them, over the state of the tests."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.auth import auth_service_pb2
from flyteidl2.cluster import payload_pb2
from flyteidl2.common import identifier_pb2
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.project import project_service_pb2
from flyteidl2.task import common_pb2, task_definition_pb2, task_service_pb2
from flyteidl2.workflow import run_logs_service_pb2, run_service_pb2

from tests.support.plane.state import Running, State

TICK = 0.02


def _missing(what: str) -> ConnectError:
    return ConnectError(Code.NOT_FOUND, f"{what} not found")


class Service:
    """A part of the plane. What it has no method for is unimplemented."""

    def __init__(self, state: State, url: Callable[[], str]) -> None:
        self.state = state
        self.url = url

    def __getattr__(self, name: str) -> Any:
        async def unimplemented(request: Any, ctx: Any) -> Any:
            raise ConnectError(Code.UNIMPLEMENTED, name)

        return unimplemented

    def run(self, run_id: identifier_pb2.RunIdentifier) -> Running:
        found = self.state.runs.get(run_id.name)
        if found is None or (found.id.project, found.id.domain) != (run_id.project, run_id.domain):
            raise _missing(f"run {run_id.name}")
        return found

    def action(self, action_id: identifier_pb2.ActionIdentifier) -> Running:
        found = self.run(action_id.run)
        if action_id.name not in {each.id.name for each in found.actions()}:
            raise _missing(f"action {action_id.name}")
        return found


class RunService(Service):
    """Runs and their actions."""

    async def create_run(self, request: Any, ctx: Any) -> run_service_pb2.CreateRunResponse:
        run_id = identifier_pb2.RunIdentifier()
        if request.WhichOneof("id") == "run_id":
            run_id.CopyFrom(request.run_id)
        else:
            project = request.project_id
            run_id.org, run_id.project, run_id.domain = project.organization, project.name, project.domain
            run_id.name = "r" + os.urandom(9).hex()
        if run_id.name in self.state.runs:
            raise ConnectError(Code.ALREADY_EXISTS, f"run {run_id.name} already exists")
        if request.WhichOneof("task") == "task_spec":
            spec = request.task_spec
        else:
            task = request.task_id
            deployed = self.state.tasks.get((task.project, task.domain, task.name, task.version))
            if deployed is None:
                raise _missing(f"task {task.name} version {task.version}")
            spec = deployed.spec
        inputs = request.inputs
        if request.WhichOneof("input_wrapper") == "offloaded_input_data":
            inputs = self.state.inputs.get(request.offloaded_input_data.uri)
            if inputs is None:
                raise ConnectError(Code.INVALID_ARGUMENT, "no such inputs were uploaded")
        made = Running(run_id, spec, request.run_spec, inputs, self.state.story)
        self.state.runs[run_id.name] = made
        return run_service_pb2.CreateRunResponse(run={"action": made.action("a0")})

    async def abort_run(self, request: Any, ctx: Any) -> run_service_pb2.AbortRunResponse:
        self.run(request.run_id).abort(request.reason)
        return run_service_pb2.AbortRunResponse()

    async def abort_action(self, request: Any, ctx: Any) -> run_service_pb2.AbortActionResponse:
        self.action(request.action_id).abort(request.reason)
        return run_service_pb2.AbortActionResponse()

    async def get_run_details(self, request: Any, ctx: Any) -> run_service_pb2.GetRunDetailsResponse:
        return run_service_pb2.GetRunDetailsResponse(details=self.run(request.run_id).details())

    async def get_action_details(self, request: Any, ctx: Any) -> run_service_pb2.GetActionDetailsResponse:
        found = self.action(request.action_id)
        return run_service_pb2.GetActionDetailsResponse(details=found.action_details(request.action_id.name))

    async def get_action_data(self, request: Any, ctx: Any) -> run_service_pb2.GetActionDataResponse:
        found = self.action(request.action_id)
        return run_service_pb2.GetActionDataResponse(inputs=found.inputs, outputs=found.outputs())

    async def watch_run_details(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        found = self.run(request.run_id)
        async for _ in _changes(found):
            yield run_service_pb2.WatchRunDetailsResponse(details=found.details())

    async def watch_action_details(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        found = self.action(request.action_id)
        async for _ in _changes(found):
            yield run_service_pb2.WatchActionDetailsResponse(details=found.action_details(request.action_id.name))

    async def watch_actions(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        found = self.run(request.run_id)
        async for _ in _changes(found):
            enriched = [{"action": each, "meets_filter": True} for each in found.actions()]
            yield run_service_pb2.WatchActionsResponse(enriched_actions=enriched)

    async def list_runs(self, request: Any, ctx: Any) -> run_service_pb2.ListRunsResponse:
        found = [each for each in self.state.runs.values() if _in_scope(each.id, request)]
        page, token = _page(list(reversed(found)), request.request)
        return run_service_pb2.ListRunsResponse(runs=[{"action": each.action("a0")} for each in page], token=token)

    async def list_actions(self, request: Any, ctx: Any) -> run_service_pb2.ListActionsResponse:
        page, token = _page(self.run(request.run_id).actions(), request.request)
        return run_service_pb2.ListActionsResponse(actions=page, token=token)


class TaskService(Service):
    """Deployed tasks."""

    async def deploy_task(self, request: Any, ctx: Any) -> task_service_pb2.DeployTaskResponse:
        if not self.state.deploy(request.spec, request.task_id):
            raise ConnectError(Code.ALREADY_EXISTS, f"task {request.task_id.name} {request.task_id.version} exists")
        return task_service_pb2.DeployTaskResponse()

    async def get_task_details(self, request: Any, ctx: Any) -> task_service_pb2.GetTaskDetailsResponse:
        task = request.task_id
        found = self.state.tasks.get((task.project, task.domain, task.name, task.version))
        if found is None:
            raise _missing(f"task {task.name} version {task.version}")
        return task_service_pb2.GetTaskDetailsResponse(details=found)

    async def list_tasks(self, request: Any, ctx: Any) -> task_service_pb2.ListTasksResponse:
        """The latest version of each task, as a server does."""
        latest = {each.task_id.name: each for each in self.state.tasks.values() if _in_scope(each.task_id, request)}
        found = [each for each in reversed(latest.values()) if _passes(each.task_id, request.request.filters)]
        page, token = _page(found, request.request)
        tasks = [task_definition_pb2.Task(task_id=each.task_id, metadata=each.metadata) for each in page]
        return task_service_pb2.ListTasksResponse(tasks=tasks, token=token)

    async def list_versions(self, request: Any, ctx: Any) -> task_service_pb2.ListVersionsResponse:
        wanted = (request.task_name.project, request.task_name.domain, request.task_name.name)
        found = [each for key, each in reversed(self.state.tasks.items()) if key[:3] == wanted]
        page, token = _page(found, request.request)
        versions = [{"version": each.task_id.version, "deployed_at": each.metadata.deployed_at} for each in page]
        return task_service_pb2.ListVersionsResponse(versions=versions, token=token)


class DataProxyService(Service):
    """Places for uploads, and the data of actions. The signed URLs lead to this server."""

    async def create_upload_location(
        self, request: Any, ctx: Any
    ) -> dataproxy_service_pb2.CreateUploadLocationResponse:
        key = f"{request.filename_root}/{request.filename}" if request.filename_root else request.filename
        self.state.expected_md5[key] = request.content_md5
        made = dataproxy_service_pb2.CreateUploadLocationResponse(
            signed_url=f"{self.url()}/blob/{key}?X-Signature=s3cr3t-signature", native_url=f"s3://bucket/{key}"
        )
        made.expires_at.GetCurrentTime()
        made.expires_at.seconds += 900
        return made

    async def upload_inputs(self, request: Any, ctx: Any) -> dataproxy_service_pb2.UploadInputsResponse:
        name = hashlib.md5(request.inputs.SerializeToString(deterministic=True)).hexdigest()
        uri = f"s3://bucket/inputs/{name}.pb"
        self.state.inputs[uri] = request.inputs
        return dataproxy_service_pb2.UploadInputsResponse(offloaded_input_data={"uri": uri, "inputs_hash": name})

    async def create_download_link(self, request: Any, ctx: Any) -> dataproxy_service_pb2.CreateDownloadLinkResponse:
        kind = dataproxy_service_pb2.ArtifactType.Name(request.artifact_type).lower()
        link = f"{self.url()}/blob/{kind}?X-Signature=s3cr3t-signature"
        return dataproxy_service_pb2.CreateDownloadLinkResponse(pre_signed_urls={"signed_url": [link]})

    async def get_action_data(self, request: Any, ctx: Any) -> dataproxy_service_pb2.GetActionDataResponse:
        found = self.action(request.action_id)
        return dataproxy_service_pb2.GetActionDataResponse(
            inputs=found.inputs or common_pb2.Inputs(), outputs=found.outputs()
        )

    async def tail_logs(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        async for lines in _log_lines(self.action(request.action_id)):
            yield dataproxy_service_pb2.TailLogsResponse(logs=[{"lines": lines}])


class RunLogsService(Service):
    """What the tasks of a run print."""

    async def tail_logs(self, request: Any, ctx: Any) -> AsyncIterator[Any]:
        async for lines in _log_lines(self.action(request.action_id)):
            yield run_logs_service_pb2.TailLogsResponse(logs=[{"lines": lines}])


class ClusterService(Service):
    """Which cluster takes a request: this one."""

    async def select_cluster(self, request: Any, ctx: Any) -> payload_pb2.SelectClusterResponse:
        return payload_pb2.SelectClusterResponse(cluster_endpoint=self.url())


class ProjectService(Service):
    """Projects and their domains."""

    async def get_project(self, request: Any, ctx: Any) -> project_service_pb2.GetProjectResponse:
        for each in self.state.projects:
            if each.id == request.id:
                return project_service_pb2.GetProjectResponse(project=each)
        raise _missing(f"project {request.id}")

    async def list_projects(self, request: Any, ctx: Any) -> project_service_pb2.ListProjectsResponse:
        page, token = _page(self.state.projects, request)
        return project_service_pb2.ListProjectsResponse(projects={"projects": page, "token": token})


class IdentityService(Service):
    """Who asks."""

    async def user_info(self, request: Any, ctx: Any) -> Any:
        return self.state.user


class AuthMetadataService(Service):
    """How to log in."""

    async def get_o_auth2_metadata(self, request: Any, ctx: Any) -> auth_service_pb2.GetOAuth2MetadataResponse:
        return self.state.oauth

    async def get_public_client_config(self, request: Any, ctx: Any) -> auth_service_pb2.GetPublicClientConfigResponse:
        return self.state.client_config


async def _changes(run: Running) -> AsyncIterator[None]:
    """Yield at once, then at each change of the run's phase, until it has ended."""
    told: tuple[str, ...] = ()
    while True:
        phases = run.phase_names()
        if phases != told:
            told = phases
            yield
        if phases[-1] in ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"):
            return
        await asyncio.sleep(TICK)


async def _log_lines(run: Running) -> AsyncIterator[list[Any]]:
    told = 0
    while True:
        ended, lines = run.ended, run.log_lines()
        for line in lines[told:]:
            yield [line]
        told = len(lines)
        if ended:
            return
        await asyncio.sleep(TICK)


def _in_scope(found: Any, request: Any) -> bool:
    scope = request.WhichOneof("scope_by")
    if scope == "project_id":
        return bool((found.project, found.domain) == (request.project_id.name, request.project_id.domain))
    return True


def _passes(task_id: Any, filters: Any) -> bool:
    values = {"name": task_id.name, "version": task_id.version}
    return all(
        re.search("|".join(map(re.escape, each.values)), values[each.field]) for each in filters if each.field in values
    )


def _page(found: list[Any], request: Any) -> tuple[list[Any], str]:
    """One page of what was found; the token is where the next one starts."""
    start = int(request.token or 0)
    end = start + (request.limit or 100)
    return found[start:end], str(end) if end < len(found) else ""
