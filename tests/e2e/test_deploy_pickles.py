"""What travels as a pickle though it need not is said before it is deployed."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.project import Project

APP = """
import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")

@env.task
def loose(untyped, numbers: set[int]) -> complex:
    return 1j

@env.task
def strict(numbers: list[int], anything: bytes) -> dict[str, float]:
    return {}
"""


def test_pickles_are_named_with_their_tasks(project: Callable[..., Project]) -> None:
    result = project({"app.py": APP}).flyte("deploy", "--dry-run", "--all", "app.py").expect()
    said = (
        "untyped of app.loose (no annotation), numbers of app.loose (set[int]), o0 of app.loose (complex): such values"
    )
    assert said in " ".join(result.err.split())
    assert "app.strict" not in result.err
