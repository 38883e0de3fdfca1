"""Options that few people type, each seen to do what its help says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flyteidl2.logs.dataplane.payload_pb2 import LogLine, LogLineOriginator

from tests.support.control_plane import ControlPlaneServer
from tests.support.plane.state import Story
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import flyte

env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")

@env.task
def main(x: int) -> int:
    return x
"""
PLACES = """
import flyte

if (flyte.current_project(), flyte.current_domain()) != ("p1", "staging"):
    raise RuntimeError("somewhere else")
"""


@pytest.fixture
def remote(project: MakeProject, plane: ControlPlaneServer) -> Project:
    made: Project = project({"app.py": APP, "extra/data.txt": "x", ".flyte/config.yaml": plane.config})
    return made


def test_logs_with_their_times_and_without_the_machinery(
    remote: Project, plane: ControlPlaneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane.story = Story(pace=0)
    remote.flyte("run", "app.py", "main", "--x", "1", "--name", "r1").expect()
    user, system = (
        LogLine(message="mine", originator=LogLineOriginator.USER),
        LogLine(message="the pod", originator=LogLineOriginator.SYSTEM),
    )
    user.timestamp.FromDatetime(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    monkeypatch.setattr(plane.runs["r1"], "log_lines", lambda attempt=1: [system, user], raising=False)
    assert remote.flyte("logs", "r1").expect().out == "the pod\nmine\n"
    assert remote.flyte("logs", "r1", "--filter-system").expect().out == "mine\n"
    assert remote.flyte("logs", "r1", "--timestamps").expect().out == "the pod\n2026-01-02T03:04:05.000Z mine\n"


def test_the_domain_of_a_cluster(remote: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(pace=0)
    remote.flyte("run", "app.py", "main", "--x", "1", "--name", "r1", "-d", "staging").expect()
    assert remote.flyte("get", "run", "--json").expect().json == {"runs": []}
    (found,) = remote.flyte("get", "run", "--domain", "staging", "--json").expect().json["runs"]
    assert found["run"] == "r1"


def test_a_deployment_with_more_files(remote: Project) -> None:
    said = remote.flyte("deploy", "app.py", "--include", "extra", "--dry-run", "--json").expect().json
    assert "extra/data.txt" in [each["path"] for each in said["bundle"]["files"]]
    plain = remote.flyte("deploy", "app.py", "--dry-run", "--json").expect().json
    assert "extra/data.txt" not in [each["path"] for each in plain["bundle"]["files"]]


def test_what_a_file_sees_of_project_and_domain_while_it_is_bundled(project: MakeProject) -> None:
    made = project({"app.py": PLACES})
    made.flyte("bundle", "app.py", "--project", "p1", "--domain", "staging").expect()
    assert "somewhere else" in made.flyte("bundle", "app.py", "--project", "p1").expect(1).err


def test_which_project_and_domain_would_count(project: MakeProject) -> None:
    said = project().flyte("config", "show", "--origin", "--json", "--project", "p1", "--domain", "d1").expect().json
    assert (said["settings"]["project"], said["origins"]["project"]) == ("p1", "--project")
    assert (said["settings"]["domain"], said["origins"]["domain"]) == ("d1", "--domain")


def test_serialized_files_that_name_their_place(project: MakeProject) -> None:
    from flyteidl.admin.task_pb2 import TaskSpec

    made = project({"src/pkg/__init__.py": "", "src/pkg/w.py": APP})
    words = ("serialize", "--pkgs", "pkg", "--image", "ghcr.io/x/y:1", "-f", "out", "--local-source-root", "src")
    made.flyte(*words, "--project", "p1", "--domain", "d1", "--version", "v1").expect()
    (file,) = (made.path / "out").glob("*_1.pb")
    name = TaskSpec.FromString(file.read_bytes()).template.id
    assert (name.project, name.domain, name.version) == ("p1", "d1", "v1")


def test_a_control_plane_in_the_foreground_with_a_store_of_its_own(project: MakeProject, tmp_path: Path) -> None:
    made = project({"app.py": APP})
    env = {"FLYTE_MACHINE_HOME": str(tmp_path / "machine")}
    words = ("start", "--foreground", "--port", "0", "--store", str(tmp_path / "data"))
    with made.flyte_on_terminal(*words, env=env) as terminal:
        latest = time.monotonic() + 60
        while not (said := made.flyte("status", "--json", env=env).expect().json).get("healthy"):
            assert time.monotonic() < latest, terminal.finish(1)
        assert said["store"].startswith(f"file://{tmp_path / 'data'}")
        terminal.send("\x03")
        shown = terminal.finish().out
    assert said["endpoint"] in shown
    assert shown.rstrip().endswith("stopped")
    assert made.flyte("status", "--json", env=env).expect().json["running"] is False


def test_names_that_a_cluster_gave_are_offered(remote: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(pace=0)
    remote.flyte("deploy", "app.py", "--version", "v1").expect()
    remote.flyte("run", "app.py", "main", "--x", "1", "--name", "there").expect()

    def offered(line: str) -> list[str]:
        before = len(plane.calls)
        words = remote.flyte("_complete", "bash", line, ":").expect().out.splitlines()[1:]
        assert len(plane.calls) == before  # The network is never asked.
        return words

    assert offered("flyte run deployed-task ") == ["app.main"]
    assert offered("flyte run deployed-task app.main --x") == ["--x"]
    assert offered("flyte abort ") == ["there"]
    names = remote.home / ".cache" / "flytectl-py" / "names.json"
    names.unlink()
    assert offered("flyte abort ") == []
    remote.flyte("get", "run").expect()
    remote.flyte("get", "task").expect()
    assert offered("flyte logs ") == ["there"]
    assert offered("flyte run deployed-task ") == ["app.main"]
    remote.flyte("get", "task", "app.main").expect()
    assert offered("flyte run deployed-task app.main --x") == ["--x"]
    remote.flyte("run", "--follow", "app.py", "main", "--x", "1", "--name", "over").expect()
    remote.flyte("abort", "there").expect()
    assert offered("flyte abort ") == []
    assert sorted(offered("flyte logs ")) == ["over", "there"]
    names.write_text("{")
    assert offered("flyte logs ") == []
