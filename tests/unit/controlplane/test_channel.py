"""Calls to a control plane that answers late, not at all, with an error, or breaks the connection."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from connectrpc.code import Code
from flyteidl2.project.project_service_pb2 import ListProjectsRequest
from flyteidl2.workflow.run_logs_service_pb2 import TailLogsRequest
from flyteidl2.workflow.run_service_pb2 import WatchRunDetailsRequest

from flytectl_py.config.resolution import Settings
from flytectl_py.controlplane.api import (
    AlreadyExistsError,
    NotFoundError,
    NotReachedError,
    RefusedError,
    RemoteCallError,
    ServerFaultError,
)
from flytectl_py.controlplane.channel import Times
from flytectl_py.controlplane.retry import RetryPolicy
from flytectl_py.controlplane.services import ControlPlane
from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.faults import (
    ALREADY_EXISTS,
    TOO_MANY,
    UNAVAILABLE,
    DoneThenLost,
    Late,
    Refuse,
    Reset,
    Status,
)  # fmt: skip
from tests.support.plane.state import ENDLESS
from tests.unit.support.test_control_plane import RUN, created

RETRIES = 3
Use = Callable[[ControlPlane], Awaitable[Any]]


def asked(
    server: ControlPlaneServer, use: Use, *, retries: int = RETRIES, told: list[str] | None = None, **limits: float
) -> Any:
    """Run `use` with a client of `server` that does not wait long between attempts."""

    async def main() -> Any:
        settings = Settings(endpoint=server.endpoint, insecure=True, rpc_retries=retries)
        async with ControlPlane.connect(settings, note=(told if told is not None else []).append) as plane:
            plane.channel.policy = RetryPolicy(retries, first_wait=0.01, longest_wait=0.02)
            plane.channel.times = Times(**limits)
            return await use(plane)

    return asyncio.run(main())


def listed(plane: ControlPlane) -> Awaitable[Any]:
    return plane.projects.list_projects(ListProjectsRequest(limit=10))


def answering(status: int, code: str) -> Status:
    return Status(status, {"Content-Type": "application/json"}, f'{{"code": "{code}"}}'.encode())


LIST = "ProjectService.ListProjects"
CREATE = "RunService.CreateRun"


def test_a_call_is_answered(plane: ControlPlaneServer) -> None:
    assert [each.name for each in asked(plane, listed).projects.projects] == ["flytesnacks", "default"]


@pytest.mark.parametrize(
    "trouble", [UNAVAILABLE, Status(502), Status(503), Reset(), answering(409, "aborted"), DoneThenLost()]
)
def test_a_passing_fault_is_outlived(plane: ControlPlaneServer, trouble: Any) -> None:
    plane.fail(LIST, trouble, trouble)
    assert len(asked(plane, listed).projects.projects) == 2


def test_retry_after_is_kept_to_and_told_if_it_is_long(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, TOO_MANY, Status(429, {"Retry-After": "2"}))
    told: list[str] = []
    began = time.monotonic()
    asked(plane, listed, told=told)
    assert time.monotonic() - began >= 3
    assert told == [f"{plane.endpoint}: Too Many Requests; trying {LIST} again in 2 s"]


def test_a_wait_that_nobody_wants_ends_the_call(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, Status(429, {"Retry-After": "3600"}))
    with pytest.raises(NotReachedError, match="has too much to do"):
        asked(plane, listed)


@pytest.mark.parametrize("retries", [0, 2])
def test_the_setting_says_how_often(plane: ControlPlaneServer, retries: int) -> None:
    plane.fail(LIST, *[UNAVAILABLE] * 10)
    with pytest.raises(NotReachedError) as raised:
        asked(plane, listed, retries=retries)
    assert len(plane.asked(LIST)) == retries + 1
    assert ("after 3 attempts" in str(raised.value)) == (retries == 2)


def test_a_call_without_an_answer_is_told_of_while_it_is_waited_for(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, Late(1))
    told: list[str] = []
    asked(plane, listed, told=told, patience=0.1)
    assert told == [f"{plane.endpoint} has not answered {LIST} for 0.1 s; waiting for it up to 30 s"]


def test_no_answer_in_time(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, *[Late(1)] * 2)
    with pytest.raises(NotReachedError, match="did not answer in time") as raised:
        asked(plane, listed, retries=1, deadline=0.1)
    assert raised.value.rpc_code == "deadline_exceeded"


@pytest.mark.parametrize(
    ("code", "error", "exit_code"),
    [
        (Code.NOT_FOUND, NotFoundError, 2),
        (Code.INVALID_ARGUMENT, RefusedError, 2),
        (Code.FAILED_PRECONDITION, RefusedError, 2),
        (Code.ALREADY_EXISTS, AlreadyExistsError, 4),
        (Code.PERMISSION_DENIED, RemoteCallError, 3),
        (Code.UNAUTHENTICATED, RemoteCallError, 3),
        (Code.UNIMPLEMENTED, ServerFaultError, 3),
    ],
)
def test_a_lasting_fault_is_said_once(
    plane: ControlPlaneServer, code: Code, error: type[RemoteCallError], exit_code: int
) -> None:
    trouble = Refuse(code, "see https://bucket/x?X-Amz-Signature=s3cr3t Bearer abcdefgh12")
    plane.fail(LIST, trouble)
    with pytest.raises(error) as raised:
        asked(plane, listed)
    assert raised.value.exit_code == exit_code
    assert len(plane.asked(LIST)) == 1
    assert plane.endpoint in str(raised.value)
    assert LIST in str(raised.value)
    assert raised.value.hint
    assert "s3cr3t" not in str(raised.value)
    assert "abcdefgh12" not in str(raised.value)


def test_a_fault_of_the_server(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, answering(500, "internal"))
    with pytest.raises(ServerFaultError, match="failed"):
        asked(plane, listed)
    assert len(plane.asked(LIST)) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Status(200, {"Content-Type": "text/html"}, b"<p>hi"), "it answers with a web page"),
        (Status(415, {"Content-Type": "text/html"}, b"<p>hi"), "it answers with a web page"),
        (Status(302, {"Location": "https://login/x?state=s3cr3t"}), r"it points to https://login/x\?\*\*\*"),
        (Status(404, {}, b"no"), "Not Found"),
    ],
)
def test_something_else_answers(plane: ControlPlaneServer, answer: Status, said: str) -> None:
    plane.fail(LIST, answer)
    with pytest.raises(ServerFaultError, match=said) as raised:
        asked(plane, listed)
    assert "check that the endpoint is a Flyte 2 control plane" in raised.value.hint


def test_a_gateway_that_fails_is_asked_again(plane: ControlPlaneServer) -> None:
    page = Status(500, {"Content-Type": "text/html"}, b"<p>hi")
    plane.fail(LIST, page)
    assert len(asked(plane, listed).projects.projects) == 2
    plane.fail(LIST, page)
    with pytest.raises(ServerFaultError, match=r"failed, .*HTTP 500 with a web page") as raised:
        asked(plane, listed, retries=0)
    assert raised.value.exit_code == 3


def test_nobody_there() -> None:
    server = ControlPlaneServer()
    server.url = "http://127.0.0.1:1"
    with pytest.raises(NotReachedError, match="Connection refused") as raised:
        asked(server, listed)
    assert "after 4 attempts" in str(raised.value)


def test_a_nameless_run_is_not_started_twice(plane: ControlPlaneServer) -> None:
    request = created(plane)
    request.project_id.name, request.project_id.domain, request.project_id.organization = "flytesnacks", "d", "o"
    plane.fail(CREATE, DoneThenLost())
    with pytest.raises(NotReachedError, match="it may have been carried out"):
        asked(plane, lambda client: client.runs.create_run(request))
    assert len(plane.runs) == 1


@pytest.mark.parametrize("trouble", [UNAVAILABLE, TOO_MANY])
def test_a_nameless_run_is_asked_for_again_where_it_was_turned_away(plane: ControlPlaneServer, trouble: Any) -> None:
    request = created(plane)
    request.project_id.name, request.project_id.domain, request.project_id.organization = "flytesnacks", "d", "o"
    plane.fail(CREATE, trouble)
    asked(plane, lambda client: client.runs.create_run(request))
    assert len(plane.runs) == 1


def test_a_run_with_a_name_is_started_once_though_the_answer_is_lost(plane: ControlPlaneServer) -> None:
    plane.fail(CREATE, DoneThenLost(), ALREADY_EXISTS)
    made = asked(plane, lambda client: client.runs.create_run(created(plane)))
    assert made.run.action.id.run.name == "r1"
    assert made.run.action.metadata.funtion_name == "main"
    assert list(plane.runs) == ["r1"]


def test_a_run_of_somebody_else_is_not_taken_for_ours(plane: ControlPlaneServer) -> None:
    plane.fail(CREATE, UNAVAILABLE, ALREADY_EXISTS)
    with pytest.raises(AlreadyExistsError):
        asked(plane, lambda client: client.runs.create_run(created(plane)))


def phases_of(plane: ControlPlaneServer, **limits: float) -> list[int]:
    async def use(client: ControlPlane) -> list[int]:
        await client.runs.create_run(created(plane))
        watched = client.runs.watch_run_details(WatchRunDetailsRequest(run_id=RUN))
        return [each.details.action.status.phase async for each in watched]

    found: list[int] = asked(plane, use, **limits)
    return found


WATCH = "RunService.WatchRunDetails"


@pytest.mark.parametrize(
    "troubles", [[Reset(messages=1)], [UNAVAILABLE, UNAVAILABLE], [Reset(messages=0), UNAVAILABLE]]
)
def test_a_broken_watch_goes_on(plane: ControlPlaneServer, troubles: list[Any]) -> None:
    plane.fail(WATCH, *troubles)
    phases = phases_of(plane)
    assert phases[-1] == 5
    assert len(plane.asked(WATCH)) + sum(each.method == WATCH and each.message is None for each in plane.calls) > 1


def test_a_silent_watch_is_opened_again(plane: ControlPlaneServer) -> None:
    plane.fail(WATCH, Late(30))
    assert phases_of(plane, silence=0.3)[-1] == 5


def test_a_watch_of_nothing_ends_at_once(plane: ControlPlaneServer) -> None:
    async def use(client: ControlPlane) -> None:
        async for _ in client.runs.watch_run_details(WatchRunDetailsRequest(run_id={**RUN, "name": "none"})):
            pass

    with pytest.raises(NotFoundError):
        asked(plane, use)
    assert len(plane.asked(WATCH)) == 1


def test_a_call_gives_way_to_cancellation(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, Late(30))

    async def use(client: ControlPlane) -> None:
        async with asyncio.timeout(0.2):
            await listed(client)

    with pytest.raises(TimeoutError):
        asked(plane, use)


def test_a_watch_gives_way_to_cancellation(plane: ControlPlaneServer) -> None:
    plane.story = ENDLESS

    async def use(client: ControlPlane) -> list[int]:
        await client.runs.create_run(created(plane))
        phases = []
        try:
            async with asyncio.timeout(0.5):
                async for each in client.runs.watch_run_details(WatchRunDetailsRequest(run_id=RUN)):
                    phases.append(each.details.action.status.phase)
        except TimeoutError:
            return phases
        return []

    assert asked(plane, use)[-1] == 4


def test_lines_come_once_though_the_stream_breaks(plane: ControlPlaneServer) -> None:
    plane.change_next_story(lines=("one", "two", "two", "three"), phases=("RUNNING", "SUCCEEDED"), pace=0.2)
    plane.fail("RunLogsService.TailLogs", Reset(messages=2), Reset(messages=3))

    async def use(client: ControlPlane) -> list[str]:
        await client.runs.create_run(created(plane))
        request = TailLogsRequest(action_id={"run": RUN, "name": "a0"}, attempt=1)
        return [
            line.message async for each in client.logs.tail_logs(request) for part in each.logs for line in part.lines
        ]

    assert asked(plane, use) == ["one", "two", "two", "three"]


def test_another_address_is_asked_with_the_same_rights(plane: ControlPlaneServer) -> None:
    async def use(client: ControlPlane) -> Any:
        elsewhere = await client.cluster_for("OPERATION_UPLOAD_INPUTS", "o", "flytesnacks", "development")
        again = await client.cluster_for("OPERATION_UPLOAD_INPUTS", "o", "flytesnacks", "development")
        assert elsewhere is again
        return await listed(elsewhere)

    asked(plane, use)
    assert plane.methods() == ["ClusterService.SelectCluster", LIST]


def test_a_control_plane_without_clusters_takes_everything_itself(plane: ControlPlaneServer) -> None:
    plane.fail("ClusterService.SelectCluster", Refuse(Code.UNIMPLEMENTED))

    async def use(client: ControlPlane) -> None:
        assert await client.cluster_for("OPERATION_UPLOAD_INPUTS", "o", "p", "d") is client

    asked(plane, use)


@pytest.mark.parametrize(
    "answer", [Status(200, {"Content-Type": "text/html"}, b"<p>hi"), Status(302, {"Location": "https://login/"})]
)
def test_what_is_no_control_plane_takes_nothing(plane: ControlPlaneServer, answer: Status) -> None:
    plane.fail("ClusterService.SelectCluster", answer)

    async def use(client: ControlPlane) -> None:
        await client.cluster_for("OPERATION_UPLOAD_INPUTS", "o", "p", "d")

    with pytest.raises(ServerFaultError, match="does not know this call"):
        asked(plane, use)


def test_an_answer_of_other_bytes(plane: ControlPlaneServer) -> None:
    plane.fail(LIST, *[Status(200, {"Content-Type": "application/proto"}, b"\xff\xff\xff")] * 2)
    with pytest.raises(NotReachedError, match=r"does not speak as .* after 2 attempts: its answer cannot be read") as e:
        asked(plane, listed, retries=1)
    assert "check that the endpoint is a Flyte 2 control plane" in e.value.hint


def test_the_log_tells_of_failed_attempts_without_secrets(
    plane: ControlPlaneServer, caplog: pytest.LogCaptureFixture
) -> None:
    plane.fail(LIST, Refuse(Code.UNAVAILABLE, "at https://u:pw0rd@bucket/x?sig=s3cr3t"))
    with caplog.at_level(logging.DEBUG):
        asked(plane, listed)
    assert f"{LIST} at {plane.endpoint}: unavailable" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert "pw0rd" not in caplog.text


def test_no_endpoint_is_said_with_what_to_do() -> None:
    from flytectl_py.errors import NotReadyError

    with pytest.raises(NotReadyError, match="FLYTE_ENDPOINT"):
        ControlPlane.connect(Settings())
