"""Fixtures of the end-to-end tests: the examples in a folder of their own, and one small app that most tests use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples"

APP = '''
import flyte

env = flyte.TaskEnvironment(name="app")

@env.task
async def main(x: int, title: str = "sum", loud: bool = False) -> int:
    """Add one.

    Args:
        x: the number to start from.
    """
    return x + 1

@env.task
def pair(a: int, b: str = "b") -> tuple[int, str]:
    """Return both."""
    return a, b
'''


@pytest.fixture
def example(tmp_path: Path) -> Callable[[str], Project]:
    """Copy a folder of examples/ and return it as a project: ``example("packaging/basic").flyte("run", …)``."""

    def copy(name: str = "") -> Project:
        target = tmp_path / "examples" / name
        shutil.copytree(EXAMPLES / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        return Project(target, tmp_path / "home")

    return copy


@pytest.fixture
def app(project: Callable[..., Project]) -> Project:
    """A project with app.py, which holds the tasks `main` and `pair`."""
    made: Project = project({"app.py": APP})
    return made
