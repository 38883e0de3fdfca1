"""What a task asks for beyond this machine, while it runs here."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.project import Project


def test_requests_above_this_machine_are_said_once(project: Callable[..., Project]) -> None:
    made = project(
        {
            "app.py": """
        import flyte

        env = flyte.TaskEnvironment(name="app", resources=flyte.Resources(cpu=5000, memory="1Mi"))
        small = flyte.TaskEnvironment(name="small", resources=flyte.Resources(cpu="1m"))

        @env.task
        def child(x: int) -> int:
            return x

        @small.task
        def other(x: int) -> int:
            return x

        @env.task
        def main() -> int:
            return child(1) + child(2) + other(3)
        """
        }
    )
    done = made.flyte("run", "app.py", "main").expect()
    assert done.out == "6\n"
    assert done.err.count("app asks for 5000 CPU cores, and this machine has ") == 1
    assert len(done.err.splitlines()) == 1
    assert made.flyte("run", "--quiet", "app.py", "main").expect().err == ""
