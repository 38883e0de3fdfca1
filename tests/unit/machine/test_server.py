"""What the server answers besides calls: uploads, downloads, health, and strangers."""

from __future__ import annotations

import base64
import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flyteidl2.auth.identity_pb2 import UserInfoRequest
from flyteidl2.common.identifier_pb2 import ProjectIdentifier
from flyteidl2.dataproxy.dataproxy_service_pb2 import CreateUploadLocationRequest
from flyteidl2.project.project_service_pb2 import (
    CreateProjectRequest,
    GetProjectRequest,
    ListProjectsRequest,
    Project,
    UpdateProjectRequest,
)
from flyteidl2.workflow.run_service_pb2 import CreateRunRequest, ListRunsRequest

from flytectl_py.controlplane.api import AlreadyExistsError, NotFoundError, RefusedError, ServerFaultError
from flytectl_py.machine.blobs import BadTicketError, Ticket, Tickets
from flytectl_py.machine.database import Database
from flytectl_py.runtime.places import local_path
from tests.support.machine import Machine, machine, request, shell_task

CONTENT = b"some content"
MD5 = hashlib.md5(CONTENT).digest()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("plane")) as made:
        yield made


def http_request(url: str, method: str = "GET", body: bytes | None = None, host: str = "") -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    try:
        connection.request(method, parts.path, body=body, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def place(plane: Machine, **more: object) -> tuple[str, Path]:
    asked = CreateUploadLocationRequest(
        org="acme", project="flytesnacks", domain="development", filename="a.bin", **more
    )
    made = plane.ask(lambda control: control.data.create_upload_location(asked))
    path = local_path(made.native_url)
    assert path is not None
    return made.signed_url, path


def test_health_is_told(plane: Machine) -> None:
    status, content = http_request(f"{plane.endpoint}/healthz")
    assert status == 200
    assert b'"executor": "process"' in content


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com", "169.254.169.254", "[::2]:80"])
def test_a_page_that_names_this_machine_otherwise_is_refused(plane: Machine, host: str) -> None:
    assert http_request(f"{plane.endpoint}/healthz", host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:2"])
def test_names_of_loopback_are_taken(plane: Machine, host: str) -> None:
    assert http_request(f"{plane.endpoint}/healthz", host=host)[0] == 200


def test_what_is_uploaded_is_there(plane: Machine) -> None:
    url, path = place(plane, content_md5=MD5)
    assert not path.exists()
    assert http_request(url, "PUT", CONTENT)[0] == 200
    assert path.read_bytes() == CONTENT
    assert [each.name for each in path.parent.iterdir()] == ["a.bin"]


def test_other_content_than_that_of_the_url_is_refused(plane: Machine) -> None:
    url, path = place(plane, content_md5=hashlib.md5(b"else").digest(), filename_root="bad")
    status, said = http_request(url, "PUT", CONTENT)
    assert status == 400
    assert b"BadDigest" in said
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


def test_a_url_that_was_changed_is_refused(plane: Machine) -> None:
    url, _ = place(plane, content_md5=MD5, filename_root="changed")
    head, _, text = url.rpartition("/")
    said, _, seal = text.partition(".")
    forged = base64.urlsafe_b64encode(b'["file:///etc/passwd", "", 9e12]').decode().rstrip("=")
    assert http_request(f"{head}/{forged}.{seal}", "PUT", CONTENT)[0] == 403
    assert http_request(f"{head}/{said}", "PUT", CONTENT)[0] == 403
    assert http_request(f"{head}/{forged}.{seal}".replace("/upload/", "/download/"))[0] == 403


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", "a//b"])
def test_names_that_lead_elsewhere_are_refused(plane: Machine, name: str) -> None:
    with pytest.raises(RefusedError):
        place(plane, filename_root=name)


def test_tickets_expire_and_outlive_the_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "plane.db")
    tickets = Tickets(database)
    good, late = tickets.sign(Ticket("file:///a", "", 9e12)), tickets.sign(Ticket("file:///a", "", 1))
    assert Tickets(database).read(good).uri == "file:///a"
    with pytest.raises(BadTicketError, match="expired"):
        tickets.read(late)
    database.close()


def test_unknown_addresses_are_not_found(plane: Machine) -> None:
    assert http_request(f"{plane.endpoint}/elsewhere")[0] == 404
    assert http_request(f"{plane.endpoint}/flyteidl2.app.AppService/Get", "POST", b"{}")[0] == 501


def test_requests_that_break_the_rules_of_their_message_are_refused(plane: Machine) -> None:
    with pytest.raises(RefusedError, match="project"):
        plane.ask(lambda control: control.runs.list_runs(ListRunsRequest(project_id=ProjectIdentifier())))


def test_no_organisation_is_needed(plane: Machine) -> None:
    asked = ListRunsRequest(project_id=ProjectIdentifier(name="flytesnacks", domain="development"))
    plane.ask(lambda control: control.runs.list_runs(asked))


def test_what_one_machine_does_not_do_is_said(plane: Machine) -> None:
    asked = request(shell_task("true"), "unsupported")
    asked.run_spec.recover.SetInParent()
    with pytest.raises(ServerFaultError, match="does not do that"):
        plane.ask(lambda control: control.runs.create_run(asked))
    unknown = CreateRunRequest(run_id=asked.run_id, inputs=asked.inputs)
    unknown.task_id.org, unknown.task_id.project, unknown.task_id.domain = "acme", "flytesnacks", "development"
    unknown.task_id.name, unknown.task_id.version = "never.deployed", "v1"
    with pytest.raises(NotFoundError, match=r"never\.deployed"):
        plane.ask(lambda control: control.runs.create_run(unknown))


def test_projects_are_made_changed_and_listed(plane: Machine) -> None:
    made = CreateProjectRequest(project=Project(id="mine", name="Mine", description="a"))
    plane.ask(lambda control: control.projects.create_project(made))
    with pytest.raises(AlreadyExistsError):
        plane.ask(lambda control: control.projects.create_project(made))
    changed = UpdateProjectRequest(project=Project(id="mine", name="Ours"))
    plane.ask(lambda control: control.projects.update_project(changed))
    found = plane.ask(lambda control: control.projects.get_project(GetProjectRequest(id="mine"))).project
    assert (found.name, [each.id for each in found.domains]) == ("Ours", ["development", "staging", "production"])
    listed = plane.ask(lambda control: control.projects.list_projects(ListProjectsRequest())).projects.projects
    assert [each.id for each in listed] == ["flytesnacks", "default", "mine"]


def test_who_asks_is_the_user_of_this_machine(plane: Machine) -> None:
    assert plane.ask(lambda control: control.identity.user_info(UserInfoRequest())).name
