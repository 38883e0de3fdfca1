"""Images of a daemon, run through the control plane: both monorepo patterns, old versions, warm containers."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flyteidl2.task.common_pb2 import Inputs
from flyteidl2.task.task_definition_pb2 import TaskIdentifier
from flyteidl2.workflow import run_service_pb2 as messages

from flytectl_py.controlplane.services import ControlPlane
from tests.e2e.conftest import EXAMPLES
from tests.support.docker.parts import DockerParts
from tests.support.machine import DOMAIN, ORG, PROJECT, Machine, machine, run_id
from tests.support.project import Project

pytestmark = pytest.mark.docker

Around = dict[str, str | None]
BUILDS_SECONDS = 900

# A parent in an image of its own calls tasks of an example, which have others.
BESIDE = '''
"""Calls tasks in other images."""

import flyte
{imports}

image = flyte.Image.from_debian_base().with_env_vars({{"IMAGE": "parent"}}).with_code_bundle()
env = flyte.TaskEnvironment("parent", image=image, depends_on=[{environments}])


@env.task
async def main() -> str:
    import os

    return os.environ["IMAGE"] + ": " + str({calls})
'''


class Pattern(NamedTuple):
    """A monorepo among the examples: the file of the parent in it, what that holds, and what it returns."""

    folder: str
    file: str
    source: str
    result: str


SHARED_LOCK = Pattern(
    "monorepo_shared_lock",
    "src/workspace_app/parent.py",
    BESIDE.format(
        imports="from workspace_app.tasks.envs import etl_env, ml_env\n"
        "from workspace_app.tasks.etl_tasks import etl_pipeline\nfrom workspace_app.tasks.ml_tasks import ml_pipeline",
        environments="etl_env, ml_env",
        calls="await ml_pipeline(features=await etl_pipeline(n=2), labels=[0.0, 1.0])",
    ),
    "parent: 0.5",
)
SIBLINGS = Pattern(
    "monorepo_siblings",
    "my_app/src/my_app/parent.py",
    BESIDE.format(
        imports="from my_app.env import env as other\nfrom my_app.main import stats_pipeline",
        environments="other",
        calls="await stats_pipeline(values=[1.0, 2.0, 3.0])",
    ),
    "parent: n=3, mean=2.00, std=0.82",
)


@pytest.fixture(scope="module")
def plane(around_docker: Around, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("plane"), "docker", environment=around_docker) as made:
        yield made


@pytest.mark.parametrize("style", ["loaded_modules", "none"])
@pytest.mark.parametrize("pattern", [SHARED_LOCK, SIBLINGS], ids=["shared-lock", "siblings"])
def test_a_parent_calls_children_in_other_images(
    project: Callable[..., Project], plane: Machine, around_docker: Around, pattern: Pattern, style: str
) -> None:
    made = project({".flyte/config.yaml": plane.config})
    leave = shutil.ignore_patterns("__pycache__", ".venv")
    shutil.copytree(EXAMPLES / pattern.folder, made.path, dirs_exist_ok=True, ignore=leave)
    made.write({pattern.file: pattern.source})
    words = ("run", "--follow", "--copy-style", style, pattern.file, "main")
    ran = made.flyte(*words, env=around_docker, timeout=BUILDS_SECONDS).expect()
    assert ran.out.splitlines()[-1] == pattern.result
    name = ran.err.partition("started ")[2].split()[0]
    actions = made.flyte("get", "action", name, "--json", env=around_docker).expect().json["actions"]
    assert {each["phase"] for each in actions} == {"succeeded"}
    assert len(actions) >= 4


APP = """
import asyncio
import os

import flyte

image = flyte.Image.from_debian_base().with_env_vars({{"IMAGE": "{version}"}})
env = flyte.TaskEnvironment("app", image=image, resources=flyte.Resources(cpu="100m"))

@env.task
def square(x: int) -> str:
    return f"{{os.environ['IMAGE']}} {version} {{x * x}}"

@env.task
async def total(n: int) -> list[str]:
    return list(await asyncio.gather(*(square.aio(x) for x in range(n))))
"""


def test_an_old_version_runs_its_old_code_in_its_old_image(
    project: Callable[..., Project], plane: Machine, around_docker: Around
) -> None:
    app = project({".flyte/config.yaml": plane.config})
    for version in ("one", "two"):
        app.write({"app.py": APP.format(version=version)})
        app.flyte("deploy", "--version", version, "app.py", env=around_docker, timeout=BUILDS_SECONDS).expect()
    app.write({"app.py": "raise SystemExit('the working tree has changed')"})
    for version in ("one", "two", "one"):
        words = ("run", "--follow", "deployed-task", f"app.total:{version}", "--n", "2", "--json")
        ran = app.flyte(*words, env=around_docker, timeout=120).expect().json
        assert ran["outputs"] == {"o0": [f"{version} {version} 0", f"{version} {version} 1"]}


WARM = """
import fcntl
import os
import time

import flyte

env = flyte.TaskEnvironment(
    "warm", image="{image}", reusable=flyte.ReusePolicy(replicas=2), resources=flyte.Resources(cpu="100m")
)

@env.task
def one(folder: str = "{folder}") -> str:
    name = os.environ["RUN_NAME"]
    with open(f"{{folder}}/{{name}}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(f"{{folder}}/{{name}}.marks", "a") as marks:
            marks.write(os.uname().nodename + " " + open("/proc/sys/kernel/random/boot_id").read().strip() + "\\n")
    return name

@env.task
def quick(x: int) -> int:
    return x + 1
"""


def test_200_runs_at_once_in_warm_containers_run_once_each(
    project: Callable[..., Project], plane: Machine, around_docker: Around, own_image: str, docker: DockerParts
) -> None:
    folder = plane.home / "blobs" / "marks"
    folder.mkdir(parents=True)
    app = project({"app.py": WARM.format(image=own_image, folder=folder), ".flyte/config.yaml": plane.config})
    app.flyte("deploy", "--version", "v1", "app.py", env=around_docker).expect()
    names = [f"many-{number}" for number in range(200)]
    task = TaskIdentifier(org=ORG, project=PROJECT, domain=DOMAIN, name="warm.one", version="v1")

    async def submit(control: ControlPlane) -> None:
        asked = (messages.CreateRunRequest(run_id=run_id(name), task_id=task, inputs=Inputs()) for name in names)
        await asyncio.gather(*(control.runs.create_run(each) for each in asked))

    plane.ask(submit)
    records = plane.ended(*names, seconds=300)
    assert {each.phase for each in records} == {"succeeded"}
    assert {each.attempts for each in records} == {1}
    assert all(len((folder / f"{name}.marks").read_text().splitlines()) == 1 for name in names)
    label = f"label=flytectl-py.home={plane.home}/attempts"
    assert len(docker.run("ps", "--quiet", "--filter", label).split()) <= 2


def test_a_damaged_bundle_is_no_code_in_a_container(
    project: Callable[..., Project], plane: Machine, around_docker: Around, own_image: str, tmp_path: Path
) -> None:
    source = WARM.format(image=own_image, folder="").replace('"warm"', '"damaged"')
    app = project({"app.py": source, ".flyte/config.yaml": plane.config})
    before = set((plane.home / "blobs" / "uploads").rglob("*.tar.gz"))
    app.flyte("deploy", "--version", "v1", "app.py", env=around_docker).expect()
    (bundle,) = set((plane.home / "blobs" / "uploads").rglob("*.tar.gz")) - before
    app.write({"app.py": source.replace("x + 1", "x + 2")})
    app.flyte("bundle", "build", "app.py", "-o", str(tmp_path / "other.tar.gz")).expect()
    bundle.write_bytes((tmp_path / "other.tar.gz").read_bytes())
    words = ("run", "--follow", "deployed-task", "damaged.quick:v1", "--x", "2")
    assert "BundleError" in app.flyte(*words, env=around_docker).expect(1).err
