"""`flyte` of this project and flyte 2.12.1 ask a server for the same, field for field, when they are given the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import test_deploy_recordings as deployments
from tests.e2e import test_run_recordings as runs
from tests.support.control_plane import ControlPlaneServer
from tests.support.docker.packages import CannotRunError
from tests.support.peer import Peer, installed_peer
from tests.support.plane.state import Call
from tests.support.project import Project

DEPLOYED = sorted(each.name for each in runs.APPS.glob("*.py"))


@pytest.fixture(scope="module")
def peer() -> Peer:
    try:
        return installed_peer()
    except CannotRunError as error:
        pytest.skip(str(error))


@pytest.fixture
def apps(tmp_path: Path, plane: ControlPlaneServer) -> Project:
    return runs.recorded_programs(tmp_path, plane)


@pytest.mark.parametrize("name", runs.RECORDED)
def test_a_run(name: str, apps: Project, plane: ControlPlaneServer, peer: Peer) -> None:
    words = json.loads(runs.RECORDED[name].read_text())["command"][2:]
    own = [each for each in words if each not in ("--mode", "FAST")] + runs.OURS.get(name, [])
    apps.flyte("run", "--name", "same-run", *own).expect()
    ours = _taken(plane)
    plane.runs.clear()
    peer.flyte(apps, "run", "--name", "same-run", *words).expect()
    assert runs.masked(runs.as_recorded(ours)) == runs.masked(runs.as_recorded(_taken(plane)))


@pytest.mark.parametrize("file", [*DEPLOYED, "package"])
def test_a_deployment(file: str, apps: Project, plane: ControlPlaneServer, peer: Peer) -> None:
    words = ["deploy", "--version", "v1", "--all", file]
    if file == "package":
        words = ["deploy", "--version", "v1", "--all", "--root-dir", ".", "shop/main.py"]
        apps = Project(apps.path / "package" / "src", apps.home)
        apps.write({".flyte/config.yaml": plane.config})
    apps.flyte(*words).expect()
    ours = _requests(plane)
    plane.tasks.clear()
    peer.flyte(apps, *words).expect()
    assert ours
    assert ours == _requests(plane)


def _requests(plane: ControlPlaneServer) -> dict[str, dict[str, Any]]:
    """Take what was deployed by its names: they are sent side by side."""
    sent = [each.json for each in _taken(plane) if each.method == "TaskService.DeployTask"]
    return {each["task_id"]["name"]: deployments.masked(each) for each in sent}


def _taken(plane: ControlPlaneServer) -> list[Call]:
    taken = list(plane.calls)
    assert [each.violations for each in taken if each.violations] == []
    plane.calls.clear()
    return taken
