"""What becomes of runs on one machine when the store is away, the disk is full, or a bundle is damaged."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flyteidl2.task.task_definition_pb2 import TaskSpec

from flytectl_py.errors import NotReadyError
from tests.support.machine import Machine, machine, shell_task
from tests.support.project import Project
from tests.support.servers import s3
from tests.support.servers.gate import Gate, gate

AWAY_SECONDS = 5.0

GIVEN = "ghcr.io/acme/base:1"
APP = """
import asyncio
import time

import flyte

env = flyte.TaskEnvironment("app", image="IMAGE", resources=flyte.Resources(cpu="100m"))

@env.task
def square(x: int) -> int:
    time.sleep(1)
    return x * x

@env.task
async def total(n: int) -> int:
    return sum(await asyncio.gather(*(square.aio(x) for x in range(n))))
""".replace("IMAGE", GIVEN)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[tuple[str, Gate]]:
    """A bucket's server behind a gate: the URL of the server, and the gate."""
    import boto3

    with s3.s3_server(tmp_path) as url, gate(int(url.rpartition(":")[2])) as entry:
        client = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="bucket")
        client.close()
        yield url, entry


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def place(request: pytest.FixtureRequest) -> tuple[str, str, dict[str, str | None]]:
    """What runs tasks, their image, and what leads there."""
    if request.param == "process":
        return "process", GIVEN, {}
    return "docker", request.getfixturevalue("own_image"), request.getfixturevalue("around_docker")


@pytest.mark.store
def test_a_store_that_is_away_for_a_while_costs_no_run(
    project: Callable[..., Project],
    tmp_path: Path,
    bucket: tuple[str, Gate],
    place: tuple[str, str, dict[str, str | None]],
) -> None:
    _, entry = bucket
    executor, image, around = place
    environment = {
        **around,
        "FLYTE_AWS_ENDPOINT": f"http://127.0.0.1:{entry.port}", "FLYTE_AWS_ACCESS_KEY_ID": "test",
        "FLYTE_AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "PYTHONWARNINGS": None,
    }  # fmt: skip
    with machine(tmp_path / "plane", executor, store="s3://bucket/flyte", environment=environment) as plane:
        app = project({"app.py": APP.replace(GIVEN, image), ".flyte/config.yaml": plane.config})
        app.flyte("run", "--name", "away", "app.py", "total", "--n", "3", env=environment).expect()
        time.sleep(1.5)
        entry.shut()
        away = threading.Timer(AWAY_SECONDS, entry.open)
        away.start()
        (record,) = plane.ended("away", seconds=120)
        away.join()
        assert record.phase == "succeeded", record
        assert plane.output("away") == 5


def test_a_damaged_bundle_is_no_code(project: Callable[..., Project], tmp_path: Path) -> None:
    with machine(tmp_path / "plane") as plane:
        app = project({"app.py": APP, ".flyte/config.yaml": plane.config})
        app.flyte("deploy", "--version", "v1", "app.py").expect()
        (bundle,) = (plane.home / "blobs" / "uploads").rglob("*.tar.gz")
        app.write({"app.py": APP.replace("x * x", "x * x + 1")})
        app.flyte("bundle", "build", "app.py", "-o", str(tmp_path / "other.tar.gz")).expect()
        bundle.write_bytes((tmp_path / "other.tar.gz").read_bytes())
        ran = app.flyte("run", "--follow", "deployed-task", "app.square:v1", "--x", "2").expect(1)
        assert "BundleError" in ran.err


def test_a_full_disk_refuses_what_is_new_and_loses_nothing(
    tmp_path: Path, place: tuple[str, str, dict[str, str | None]]
) -> None:
    executor, image, around = place
    home = tmp_path / "small"
    go = home / "blobs" / "go"  # containers find that folder, too
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(home)], check=False).returncode:
        pytest.skip("this user cannot mount a small disk")
    try:
        with machine(home, executor, environment=around) as plane:
            plane.run(_shell(f"while test ! -e {go}; do sleep 0.1; done", image), "before")
            plane.run(_shell("true", image), "ended")
            assert plane.ended("ended")[0].phase == "succeeded"
            _fill(home / "ballast")
            with pytest.raises(NotReadyError, match="full"):
                _submit(plane, 100, image)
            go.touch()
            time.sleep(1.0)
            (home / "ballast").unlink()
            (before,) = plane.ended("before")
            assert (before.phase, before.attempts) == ("succeeded", 1), before
            plane.run(_shell("true", image), "after")
            assert plane.ended("after")[0].phase == "succeeded"
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def _shell(script: str, image: str) -> TaskSpec:
    spec = shell_task(script)
    spec.task_template.container.image = image
    return spec


def _submit(plane: Machine, number: int, image: str) -> None:
    for each in range(number):
        plane.run(_shell("true", image), f"refused-{each}")


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    out.write(os.urandom(size))
            except OSError:
                continue
