"""A module written for Flyte 1's caches and image specs: run, planned and built by this project's commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.docker.parts import DockerParts
from tests.support.project import Project

APP = """
from flytectl_py.compat.flytekit_v1.facade import enable

enable()

import flyte
from flytekit.core.cache import Cache, ImageSpec, VersionParameters


class ByHand:
    def get_version(self, salt: str, params: VersionParameters) -> str:
        return f"{salt}-{params.func.__name__}-{params.container_image.name}"


image = ImageSpec(name="etl", packages=["idna==3.10"], env={"A": "1"}, source_root="lib", copy=["notes.txt"])
env = flyte.TaskEnvironment("etl", image=image, cache=Cache(policies=ByHand(), salt="s"))


@env.task
def main(x: int) -> int:
    return x + 1
"""
FILES = {
    "app.py": APP,
    "notes.txt": "noted",
    "lib/unused.py": "",
    "pyproject.toml": "[project]\nname = 'etl'\nversion = '0'\n",
}


@pytest.fixture
def app(project: Callable[..., Project]) -> Project:
    return project(FILES)


def test_it_runs(app: Project) -> None:
    done = app.flyte("run", "app.py", "main", "--x", "1")
    assert done.code == 0, done.err
    assert done.out.strip() == "2"


def test_its_image_is_planned(app: Project) -> None:
    done = app.flyte("build", "app.py", "--dry-run", "--json")
    assert done.code == 0, done.err
    (image,) = done.json["images"]
    assert image["environments"] == ["etl"]
    kinds = [each["kind"] for each in image["layers"]]
    assert kinds[1:] == ["env", "pip", "source-folder", "source-file", "env"]
    assert "_F_IMG_ID=" in image["dockerfile"]
    # Nothing of lib is loaded: there is nothing to copy of it.
    assert image["dockerfile"].count("COPY") == 1


def test_a_missing_file_is_said_with_its_place(app: Project) -> None:
    (app.path / "notes.txt").unlink()
    done = app.flyte("build", "app.py", "--dry-run")
    assert done.code == 2
    assert "ImageSpec(copy=…): notes.txt does not exist" in done.err


def test_the_project_of_the_page_runs(project: Callable[..., Project]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "flyte1.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"(?ms)^```python\n(.*?)^```$", page)
    moved = project({"prices.py": program, "rates.txt": "1.5"})
    done = moved.flyte("run", "prices.py", "total", "--amounts", "[1, 2]").expect()
    assert done.out.strip() == "4.5"
    assert moved.flyte("build", "prices.py", "--dry-run").expect().out.startswith("prices:")


@pytest.mark.docker
def test_its_image_is_built_and_works(app: Project, docker: DockerParts) -> None:
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    done = app.flyte("build", "app.py", "--json", env=around, timeout=300)
    assert done.code == 0, done.err
    uri = done.json["images"][0]["uri"]
    said = "import idna, flyte, os; print(idna.__version__, open('notes.txt').read(), os.environ['A'])"
    assert docker.run("run", "--rm", uri, "python", "-c", said).split() == ["3.10", "noted", "1"]
