"""What was built and planned runs: `a0` in the images of both monorepo patterns, with the arguments of a deployment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.core import literals_pb2
from flyteidl2.task.common_pb2 import Inputs, Outputs
from google.protobuf.json_format import ParseDict

from tests.e2e.conftest import EXAMPLES
from tests.support.docker.parts import DockerParts
from tests.support.project import Project

pytestmark = pytest.mark.docker

# File, a task of it that calls no other, its environment, and its inputs as literals.
FLOATS = {"collection": {"literals": [{"scalar": {"primitive": {"float_value": each}}} for each in (1.0, 2.0, 3.0)]}}
SIBLINGS = ("monorepo_siblings/my_app/src/my_app/main.py", "compute_stats", {"values": FLOATS})
SHARED = (
    "monorepo_shared_lock/src/workspace_app/main.py",
    "load_data",
    {"n": {"scalar": {"primitive": {"integer": "4"}}}},
)


@pytest.fixture
def examples(project: Callable[..., Project]) -> Project:
    made = project()
    shutil.copytree(EXAMPLES, made.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return made


@pytest.mark.parametrize("style", ["loaded_modules", "none"])
@pytest.mark.parametrize(("file", "task", "inputs"), [SIBLINGS, SHARED], ids=["siblings", "shared-lock"])
def test_a_task_leaves_its_outputs(
    examples: Project, docker: DockerParts, tmp_path: Path, file: str, task: str, inputs: dict[str, Any], style: str
) -> None:
    around = {
        **docker.environment,
        "FLYTE_IMAGE_BASE_REGISTRY": docker.base_registry,
        "FLYTE_IMAGE_UV_IMAGE": docker.uv_image,
    }
    words = ("--copy-style", style, "--json")
    planned = examples.flyte("deploy", file, "--dry-run", *words, env=around).expect().json
    template = next(
        each["request"]["spec"]["task_template"]
        for each in planned["requests"]
        if each["request"]["task_id"]["name"].endswith(f".{task}")
    )
    environment = template["id"]["name"].partition(".")[0]
    build = ("build", file, environment, "--platform", "linux/amd64", *words)
    built = examples.flyte(*build, env=around, timeout=300).expect().json["images"]
    image = next(each["uri"] for each in built if environment in each["environments"])

    io = tmp_path / "io"
    io.mkdir()
    literals = [{"name": name, "value": value} for name, value in inputs.items()]
    (io / "inputs.pb").write_bytes(ParseDict({"literals": literals}, Inputs()).SerializeToString())
    if style != "none":
        examples.flyte("bundle", file, "-o", str(io / "code.tar.gz")).expect()
    outcome = _run(docker, image, template["container"], io)
    assert [each.name for each in outcome.literals] == ["o0"]
    assert outcome.literals[0].value != literals_pb2.Literal()
    assert not (io / "out" / "error.pb").exists()


def _run(docker: DockerParts, image: str, container: dict[str, Any], io: Path) -> Outputs:
    """Start a container as a cluster would, and return the outputs that it left."""
    filled = {
        "{{.input}}": "/io/inputs.pb",
        "{{.outputPrefix}}": "/io/out",
        "{{.rawOutputDataPrefix}}": "/io/raw",
        "{{.runName}}": "r1",
        "{{.actionName}}": "a0",
    }
    arguments = [filled.get(each, "" if each.startswith("{{") else each) for each in container["args"]]
    if "--tgz" in arguments:
        arguments[arguments.index("--tgz") + 1] = "/io/code.tar.gz"
    variables = [word for each in container.get("env", ()) for word in ("-e", f"{each['key']}={each['value']}")]
    docker.run("run", "--rm", "-v", f"{io}:/io", *variables, image, *arguments)
    return Outputs.FromString((io / "out" / "outputs.pb").read_bytes())
