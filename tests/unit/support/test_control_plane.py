"""The control plane of the tests: what it says, refuses and breaks."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import http.client
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyServiceClient
from flyteidl2.project import project_service_pb2
from flyteidl2.project.project_service_connect import ProjectServiceClient
from flyteidl2.task import task_service_pb2
from flyteidl2.task.task_service_connect import TaskServiceClient
from flyteidl2.workflow import run_logs_service_pb2, run_service_pb2
from flyteidl2.workflow.run_logs_service_connect import RunLogsServiceClient
from flyteidl2.workflow.run_service_connect import RunServiceClient

from tests.support.control_plane import ControlPlaneServer
from tests.support.plane import faults
from tests.support.plane.state import ENDLESS, FAILED

RUN = {"org": "o", "project": "flytesnacks", "domain": "development", "name": "r1"}


def created(plane: ControlPlaneServer, name: str = "r1") -> run_service_pb2.CreateRunRequest:
    request = run_service_pb2.CreateRunRequest(run_id={**RUN, "name": name})
    template = request.task_spec.task_template
    template.id.name = "app.main"
    template.id.version = "v1"
    template.id.project, template.id.domain, template.id.org = "flytesnacks", "development", "o"
    template.type = "python"
    template.interface.inputs.SetInParent()
    template.container.image = "img"
    template.container.args.append("a0")
    request.task_spec.short_name = "main"
    request.inputs.SetInParent()
    return request


def asked(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(make())


async def followed(plane: ControlPlaneServer) -> list[int]:
    async with RunServiceClient(plane.url) as client:
        await client.create_run(created(plane))
        request = run_service_pb2.WatchRunDetailsRequest(run_id=RUN)
        return [each.details.action.status.phase async for each in client.watch_run_details(request)]


def test_a_run_goes_through_its_phases(plane: ControlPlaneServer) -> None:
    assert asked(lambda: followed(plane)) == [1, 4, 5]
    assert plane.methods() == ["RunService.CreateRun", "RunService.WatchRunDetails"]


def test_a_run_that_fails_says_why(plane: ControlPlaneServer) -> None:
    plane.story = FAILED
    assert asked(lambda: followed(plane))[-1] == 6
    assert plane.runs["r1"].details().action.error_info.code == "ValueError"


def test_an_aborted_run_has_ended(plane: ControlPlaneServer) -> None:
    plane.story = ENDLESS

    async def go() -> None:
        async with RunServiceClient(plane.url) as client:
            await client.create_run(created(plane))
            await client.abort_run(run_service_pb2.AbortRunRequest(run_id=RUN, reason="enough"))

    asked(go)
    assert plane.runs["r1"].details().action.abort_info.reason == "enough"


def test_logs_end_with_the_run(plane: ControlPlaneServer) -> None:
    async def go() -> list[str]:
        async with RunServiceClient(plane.url) as client:
            await client.create_run(created(plane))
        async with RunLogsServiceClient(plane.url) as logs:
            request = run_logs_service_pb2.TailLogsRequest(action_id={"run": RUN, "name": "a0"}, attempt=1)
            return [line.message async for part in logs.tail_logs(request) for log in part.logs for line in log.lines]

    assert asked(go) == ["hello from the task"]


def test_what_protovalidate_refuses_the_plane_refuses(plane: ControlPlaneServer) -> None:
    async def go() -> None:
        async with TaskServiceClient(plane.url) as client:
            await client.deploy_task(task_service_pb2.DeployTaskRequest())

    with pytest.raises(ConnectError) as said:
        asked(go)
    assert said.value.code == Code.INVALID_ARGUMENT
    assert plane.calls[0].violations


async def projects(plane: ControlPlaneServer) -> int:
    async with ProjectServiceClient(plane.url) as client:
        answer = await client.list_projects(project_service_pb2.ListProjectsRequest(org="o"))
        return len(answer.projects.projects)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (faults.UNAVAILABLE, Code.UNAVAILABLE),
        (faults.TOO_MANY, Code.UNAVAILABLE),
        (faults.EXPIRED, Code.UNAUTHENTICATED),
        (faults.ALREADY_EXISTS, Code.ALREADY_EXISTS),
        (faults.Reset(), Code.UNAVAILABLE),
        (faults.DoneThenLost(), Code.UNAVAILABLE),
    ],
)
def test_it_fails_on_demand_once(plane: ControlPlaneServer, trouble: faults.Trouble, code: Code) -> None:
    plane.fail("ProjectService.ListProjects", trouble)
    with pytest.raises(ConnectError) as said:
        asked(lambda: projects(plane))
    assert said.value.code == code
    assert asked(lambda: projects(plane)) == 2


def test_a_stream_breaks_on_demand(plane: ControlPlaneServer) -> None:
    plane.fail("RunService.WatchRunDetails", faults.Reset(messages=1))
    with pytest.raises(ConnectError):
        asked(lambda: followed(plane))


def test_a_stream_is_refused_in_its_own_form(plane: ControlPlaneServer) -> None:
    plane.fail("RunService.WatchRunDetails", faults.UNAVAILABLE)
    with pytest.raises(ConnectError) as said:
        asked(lambda: followed(plane))
    assert said.value.code == Code.UNAVAILABLE


def test_who_has_no_token_is_refused(plane: ControlPlaneServer) -> None:
    plane.accepted_tokens = {"good"}
    with pytest.raises(ConnectError) as said:
        asked(lambda: projects(plane))
    assert said.value.code == Code.UNAUTHENTICATED


def put(plane: ControlPlaneServer, content: bytes, **headers: str) -> tuple[int, bytes]:
    async def location() -> str:
        async with DataProxyServiceClient(plane.url) as client:
            request = dataproxy_service_pb2.CreateUploadLocationRequest(
                org="o", project="p", domain="d", filename="f", content_md5=hashlib.md5(b"right").digest()
            )
            request.expires_in.seconds = 60
            return str((await client.create_upload_location(request)).signed_url)

    url = asked(location)
    with contextlib.closing(http.client.HTTPConnection(plane.url.removeprefix("http://"))) as connection:
        connection.request("PUT", url.removeprefix(plane.url), content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_an_upload_is_kept_where_its_digest_is_right(plane: ControlPlaneServer) -> None:
    assert put(plane, b"wrong")[0] == 400
    assert plane.blobs == {}
    assert put(plane, b"right")[0] == 200
    assert plane.blobs == {"f": b"right"}
    assert put(plane, b"right", **{"If-None-Match": "*"})[0] == 412
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert put(plane, b"right", **{"Content-MD5": wrong})[0] == 400


def test_an_upload_is_broken_in_its_middle(plane: ControlPlaneServer) -> None:
    plane.fail("PUT", faults.Reset(after=1))
    with pytest.raises(ConnectionError):
        put(plane, b"right")
    assert put(plane, b"right")[0] == 200
