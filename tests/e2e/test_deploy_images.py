"""`flyte deploy` with a real daemon, registry and control plane: images that hold the code, under the version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.docker.parts import DockerParts
from tests.support.project import Project

if TYPE_CHECKING:
    from tests.support.control_plane import ControlPlaneServer

pytestmark = pytest.mark.docker

APP = """
import flyte

from helper import double

env = flyte.TaskEnvironment(
    name="app", image=flyte.Image.from_debian_base(install_flyte=False, name="shop").with_code_bundle()
)


@env.task
def main(x: int) -> int:
    return double(x)
"""
HELPER = "def double(x):\n    return 2 * x\n"


def test_a_release_is_an_image_that_holds_its_code(
    project: Callable[..., Project], plane: ControlPlaneServer, docker: DockerParts
) -> None:
    app = project({"app.py": APP, "helper.py": HELPER, ".flyte/config.yaml": plane.config})
    repository = docker.repository()
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    words = ("app.py", "--copy-style", "none", "--version", "1.2.3", "--registry", repository, "--json")

    def deploy() -> dict[str, object]:
        done = app.flyte("deploy", *words, "--platform", "linux/amd64", env=around, timeout=300).expect().json
        assert done["bundle"] is None
        (image,) = done["images"]
        (task,) = done["tasks"]
        return {"uri": image["uri"], "image": image["state"], "task": task["state"]}

    first = deploy()
    assert (first["image"], first["task"]) == ("built", "created")
    (call,) = plane.asked("TaskService.DeployTask")
    container = call.json["spec"]["task_template"]["container"]
    assert container["image"] == first["uri"]
    assert "--tgz" not in container["args"]
    # The release's own tag leads to the same image, and the code is in there, where the task looks for it.
    docker.run("rmi", "-f", str(first["uri"]))
    said = docker.run(
        "run", "--rm", f"{repository}/shop:1.2.3", "python", "-c", "import helper; print(helper.double(4))"
    )
    assert said == "8\n"
    assert deploy() == {**first, "image": "present", "task": "unchanged"}
    again = app.flyte("deploy", *words, "--platform", "linux/amd64", "--force", env=around, timeout=300).expect().json
    assert [each["state"] for each in again["images"]] == ["built"]


def test_an_image_that_is_kept_with_the_daemon(
    project: Callable[..., Project], plane: ControlPlaneServer, docker: DockerParts
) -> None:
    app = project({"app.py": APP, "helper.py": HELPER, ".flyte/config.yaml": plane.config})
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    words = ("app.py", "--copy-style", "none", "--version", "1", "--registry", docker.repository(), "--json")
    for _ in range(2):
        (image,) = app.flyte("deploy", *words, "--no-push", env=around, timeout=300).expect().json["images"]
        assert image["state"] == "built"  # The second time too: the registry has none.
        docker.run("rmi", "-f", image["uri"])
