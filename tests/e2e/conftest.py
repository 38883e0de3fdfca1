"""Fixtures of the end-to-end tests: the examples in a folder of their own, and one small app that most tests use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.docker.parts import DockerParts
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


@pytest.fixture(scope="session")
def around_docker(docker: DockerParts) -> dict[str, str | None]:
    """The environment in which `flyte` builds by the daemon of the tests, from the base image that they made."""
    return {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }


@pytest.fixture(scope="session")
def own_image(around_docker: dict[str, str | None], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that an environment has which declares none: Python with this project; built by the daemon once."""
    app = Project(tmp_path_factory.mktemp("image") / "project", tmp_path_factory.mktemp("home"), {"app.py": APP})
    built = app.flyte("build", "app.py", "--platform", "linux/amd64", "--json", env=around_docker, timeout=600)
    return str(built.expect().json["images"][0]["uri"])
