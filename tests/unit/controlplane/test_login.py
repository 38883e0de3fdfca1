"""Which way to log in the settings choose, and how many calls at once share a token."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from flyteidl2.project.project_service_pb2 import ListProjectsRequest

from flytectl_py.config.resolution import Settings, resolve
from flytectl_py.controlplane.api import NotLoggedInError, ServerFaultError
from flytectl_py.controlplane.services import ControlPlane
from tests.support.control_plane import ControlPlaneServer
from tests.support.oauth_server import oauth_server


def asked(settings: Settings, *, times: int = 1, **options: Any) -> None:
    async def main() -> None:
        async with ControlPlane.connect(settings, **options) as client:
            await asyncio.gather(*(client.projects.list_projects(ListProjectsRequest(limit=1)) for _ in range(times)))

    asyncio.run(main())


def test_many_calls_get_one_token_and_renew_it_once(plane: ControlPlaneServer) -> None:
    with oauth_server() as oauth:
        oauth.announce(plane)
        key = base64.b64encode(f"{plane.url}:robot:robot-s3cr3t:acme".encode()).decode()
        asked(resolve(environ={"FLYTE_API_KEY": key}), times=10)
        assert len(oauth.asked) == 1
        plane.accepted_tokens = {"access-t0ken-3"}
        asked(resolve(environ={"FLYTE_API_KEY": key}), times=10)
        assert len(oauth.asked) == 3
        assert "access-t0ken-3" in oauth.tokens


def test_where_there_is_no_person_nobody_is_asked(plane: ControlPlaneServer) -> None:
    with oauth_server() as oauth:
        oauth.announce(plane)
        with pytest.raises(NotLoggedInError):
            asked(Settings(endpoint=plane.url), person=False)
        assert oauth.visited == oauth.asked == []


def test_a_secret_says_by_itself_how_to_log_in(plane: ControlPlaneServer) -> None:
    with oauth_server() as oauth:
        oauth.announce(plane)
        asked(Settings(endpoint=plane.url, client_id="robot", client_credentials_secret="robot-s3cr3t"))
        assert [each["grant_type"] for each in oauth.asked] == ["client_credentials"]


def test_what_the_settings_say_of_the_server_wins(plane: ControlPlaneServer) -> None:
    with oauth_server() as oauth:
        plane.accepted_tokens = oauth.tokens
        config = {"token_endpoint": f"{oauth.url}/token", "client_id": "robot", "scopes": ["one", "two"]}
        settings = Settings(
            endpoint=plane.url,
            client_id="robot",
            client_credentials_secret="robot-s3cr3t",
            auth_client_config=config,
        )
        asked(settings)
        assert oauth.asked == [{"grant_type": "client_credentials", "scope": "one two"}]


def test_no_secret_goes_to_another_machine_in_the_clear(plane: ControlPlaneServer) -> None:
    settings = Settings(
        endpoint=plane.url,
        client_id="robot",
        client_credentials_secret="robot-s3cr3t",
        auth_client_config={"token_endpoint": "http://login.example.com/token"},
    )
    with pytest.raises(NotLoggedInError, match="it must be https"):
        asked(settings)


def test_the_header_is_the_one_that_the_control_plane_names(plane: ControlPlaneServer) -> None:
    with oauth_server() as oauth:
        oauth.announce(plane)
        plane.accepted_tokens = None
        plane.client_config.authorization_metadata_key = "flyte-authorization"
        asked(Settings(endpoint=plane.url, client_id="robot", client_credentials_secret="robot-s3cr3t"))
        assert plane.asked("ProjectService.ListProjects")[0].headers["flyte-authorization"] == "Bearer access-t0ken-1"


def test_the_well_known_place_is_asked_where_there_is_no_service_for_it() -> None:
    with oauth_server() as oauth:
        # It knows no call of a control plane, but its own document.
        with pytest.raises(ServerFaultError, match="does not know this call"):
            asked(Settings(endpoint=oauth.url, client_id="robot", client_credentials_secret="robot-s3cr3t"))
        assert oauth.tokens == {"access-t0ken-1"}
