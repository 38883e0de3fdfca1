"""What the settings of `init` do to remote work: the size of a page of a listing, and where runs are shown."""

from __future__ import annotations

import asyncio

import pytest

from flytectl_py.config.resolution import Settings
from flytectl_py.engines import remote_records
from flytectl_py.engines.remote import remote_of
from tests.support.control_plane import ControlPlaneServer

LIST = "ProjectService.ListProjects"


@pytest.mark.parametrize(("batch_size", "limits"), [(1, [1, 1]), (1000, [100])])
def test_a_listing_is_asked_for_in_batches(plane: ControlPlaneServer, batch_size: int, limits: list[int]) -> None:
    remote = remote_of(Settings(endpoint=plane.endpoint, insecure=True, batch_size=batch_size))
    assert len(asyncio.run(remote_records.projects(remote))) == 2
    assert [each.message.limit or each.message.request.limit for each in plane.asked(LIST)] == limits


def test_runs_are_shown_by_the_console() -> None:
    there = remote_of(Settings(endpoint="dns:///acme.example.com", console_endpoint="https://console.example.com"))
    assert there.url_of("r1").startswith("https://console.example.com/")
    assert remote_of(Settings(endpoint="acme.example.com")).url_of("r1").startswith("https://acme.example.com/")
