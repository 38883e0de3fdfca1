"""The version of cached outputs: the same in a run here, in a deployment, and where a container calls a task."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import cluster
from tests.support.container import Container

APP = """
import flyte
from prices import price

built = flyte.Image.from_debian_base(python_version=(3, 12), registry="registry.example/acme", name="shop")
leafs = flyte.TaskEnvironment("leafs", image=built.with_pip_packages("rich"), env_vars={"A": "1"})
fixed = flyte.TaskEnvironment("fixed", image="ghcr.io/acme/base:1")
env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1", depends_on=[leafs, fixed])

@leafs.task(cache="auto")
def leaf(x: int) -> int:
    return price(x)

@fixed.task(cache=flyte.Cache("auto", salt="s"))
def other(x: int) -> int:
    return x

@env.task
def main(x: int) -> int:
    return leaf(x) + other(x)
"""
PRICES = """
def price(x: int) -> int:
    return {factor} * x
"""
TASKS = ("leafs.leaf", "fixed.other")


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": APP, "prices.py": PRICES.format(factor=2)})
    made.take(x=3)
    return made


def deployed(container: Container) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the versions of a deployment by task, and what containers are told of images."""
    plan: Any = container.project.flyte("deploy", "--dry-run", "--json", "app.py").expect().json
    specs = {each["request"]["task_id"]["name"]: each["request"]["spec"] for each in plan["requests"]}
    templates = {name: spec["task_template"] for name, spec in specs.items()}
    arguments = templates["app.main"]["container"]["args"]
    told = arguments[arguments.index("--image-cache") : arguments.index("--image-cache") + 2]
    return {name: templates[name]["metadata"]["discovery_version"] for name in TASKS}, tuple(told)


def here(container: Container) -> dict[str, str]:
    """Return the versions of runs on this machine by task."""
    found = {}
    for name in TASKS:
        task = name.partition(".")[2]
        document: Any = container.project.flyte("explain", "--json", "cache", "app.py", task).expect().json
        found[name] = document["version"]
    return found


def test_a_task_has_one_version_everywhere(container: Container, tmp_path: Path) -> None:
    versions, told = deployed(container)
    assert here(container) == versions
    # A container has another folder, and no project around it.
    elsewhere = Container(tmp_path / "elsewhere")
    elsewhere.take(x=3)
    for name in ("app.py", "prices.py"):
        shutil.copy(container.project.path / name, elsewhere.project.path)
    with cluster(elsewhere) as server:
        elsewhere.environment.update(server.environment())
        assert elsewhere.run(code=told).expect().value == 9
        sent = [call.json for call in server.calls if "EnqueueAction" in call.method]
    tasks = [request["task"] for request in sent]
    assert {
        each["id"]["name"]: each["spec"]["task_template"]["metadata"]["discovery_version"] for each in tasks
    } == versions


def test_the_code_that_a_task_reaches_counts(container: Container) -> None:
    before, _ = deployed(container)
    container.project.write({"prices.py": PRICES.format(factor=3)})
    after, _ = deployed(container)
    assert after["leafs.leaf"] != before["leafs.leaf"]
    assert after["fixed.other"] == before["fixed.other"]
    assert here(container) == after
