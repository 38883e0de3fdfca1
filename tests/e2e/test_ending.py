"""How the process of a command ends after it has talked to a control plane."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.control_plane import ControlPlaneServer
from tests.support.project import Project

MakeProject = Callable[..., Project]


def test_what_wants_to_run_at_the_end_runs(project: MakeProject, plane: ControlPlaneServer) -> None:
    made = project({
        "app.py": """
            import atexit, sys
            import flyte

            env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")
            atexit.register(lambda: print("bye", file=sys.stderr))

            @env.task
            def main() -> int:
                return 1
        """
    })  # fmt: skip
    result = made.flyte("run", "app.py", "main", "--endpoint", plane.url).expect()
    assert "bye" in result.err


def test_the_exit_code_stays(project: MakeProject, plane: ControlPlaneServer) -> None:
    made = project()
    assert made.flyte("whoami", "--endpoint", plane.url).code == 0
    refused = made.flyte("whoami", "--json", "--endpoint", "http://127.0.0.1:1", env={"FLYTE_RPC_RETRIES": "0"})
    assert refused.code == 3
    assert refused.json["error"]["code"] == "NotReachedError"
