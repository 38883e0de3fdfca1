"""A container of ours over a real S3 server: what it reads and writes there, and what becomes of it without one."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.core.execution_pb2 import ContainerError, ErrorDocument, ExecutionError
from flyteidl2.task.common_pb2 import Outputs

from tests.support.container import A0, Container, message_of
from tests.support.process import run_process
from tests.support.servers import s3
from tests.support.servers.gate import Gate, gate

pytestmark = pytest.mark.store

APP = """
import pathlib, time
import flyte, flyte.report
from flyte.io import DataFrame, Dir, File

env = flyte.TaskEnvironment("app")

@env.task
def main(x: int) -> int:
    print("running", flush=True)
    while pathlib.Path("wait").exists():
        time.sleep(0.05)
    return x + 1

@env.task
def files(x: int) -> tuple[File, Dir]:
    pathlib.Path("made.txt").write_text("made")
    pathlib.Path("folder/deep").mkdir(parents=True)
    pathlib.Path("folder/deep/one.txt").write_text("one")
    return File("made.txt"), Dir("folder")

@env.task(report=True)
def shows(x: int) -> tuple[File, DataFrame]:
    import pyarrow
    flyte.report.log("early", do_flush=True)
    new = File.new_remote("new.txt")
    with new.open_sync("w") as out:
        out.write(new.path)
    flyte.report.log("late")
    return new, DataFrame.from_df(pyarrow.table({"x": [x]}))
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Bucket:
    """A bucket whose server stands behind a gate."""

    def __init__(self, client: Any, entry: Gate) -> None:
        self.client = client
        self.gate = entry

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket="bucket", Key=key, Body=data)

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(self.client.get_object(Bucket="bucket", Key=key)["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return None

    def names(self) -> list[str]:
        return [each["Key"] for each in self.client.list_objects_v2(Bucket="bucket").get("Contents", [])]

    def outcome(self) -> tuple[Outputs | None, ContainerError | None]:
        outputs, error = self.get("run/a0/1/outputs.pb"), self.get("run/a0/1/error.pb")
        assert (outputs is None) != (error is None), "not exactly one outcome"
        return (
            None if outputs is None else Outputs.FromString(outputs),
            None if error is None else ErrorDocument.FromString(error).error,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def bucket(server: str) -> Iterator[Bucket]:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="bucket")
    with gate(int(server.rpartition(":")[2])) as entry:
        made = Bucket(client, entry)
        made.put("run/inputs.pb", message_of({"x": 4}).SerializeToString())
        yield made
    for key in made.names():
        client.delete_object(Bucket="bucket", Key=key)
    client.close()


@pytest.fixture
def container(tmp_path: Path, bucket: Bucket) -> Container:
    made = Container(tmp_path, {"app.py": APP})
    # As clusters with a store of their own say it.
    made.environment |= {
        "FLYTE_AWS_ENDPOINT": f"http://127.0.0.1:{bucket.gate.port}",
        "PYTHONWARNINGS": None,
        **CREDENTIALS,
    }
    return made


def test_code_inputs_and_outputs_in_a_bucket(tmp_path: Path, container: Container, bucket: Bucket) -> None:
    bundled = container.project.flyte("bundle", "build", "app.py", "-o", str(tmp_path / "b") + "/").expect()
    (archive,) = (tmp_path / "b").iterdir()
    bucket.put(f"code/{archive.name}", archive.read_bytes())
    elsewhere = Container(tmp_path / "elsewhere")
    elsewhere.environment = container.environment
    elsewhere.run(base="s3://bucket/run", code=("--tgz", f"s3://bucket/code/{archive.name}")).result.expect()
    outputs, _ = bucket.outcome()
    assert outputs is not None
    assert outputs.literals[0].value.scalar.primitive.integer == 5
    assert bundled.code == 0


def test_a_digest_that_is_not_the_bundles(tmp_path: Path, container: Container, bucket: Bucket) -> None:
    container.project.flyte("bundle", "build", "app.py", "-o", str(tmp_path / "b.tar.gz")).expect()
    name = "0" * 64 + ".tar.gz"
    bucket.put(f"code/{name}", (tmp_path / "b.tar.gz").read_bytes())
    container.run(base="s3://bucket/run", code=("--tgz", f"s3://bucket/code/{name}")).result.expect(1)
    _, error = bucket.outcome()
    assert error is not None
    assert (error.code, error.kind) == ("BundleError", ContainerError.NON_RECOVERABLE)
    assert "0" * 64 in error.message


def test_files_go_below_the_raw_data_path(container: Container, bucket: Bucket) -> None:
    container.run("files", base="s3://bucket/run").result.expect()
    outputs, _ = bucket.outcome()
    assert outputs is not None
    file, folder = (each.value.scalar.blob.uri for each in outputs.literals)
    assert file.startswith("s3://bucket/run/raw/")
    assert file.endswith("/made.txt")
    assert bucket.get(file.removeprefix("s3://bucket/")) == b"made"
    assert bucket.get(f"{folder.removeprefix('s3://bucket/')}/deep/one.txt") == b"one"


def test_what_a_task_writes_itself_goes_to_the_same_store(container: Container, bucket: Bucket) -> None:
    pytest.importorskip("pyarrow")
    container.run("shows", base="s3://bucket/run").result.expect()
    outputs, _ = bucket.outcome()
    assert outputs is not None
    file, table = (each.value.scalar for each in outputs.literals)
    assert bucket.get(file.blob.uri.removeprefix("s3://bucket/")) == file.blob.uri.encode()
    written = bucket.get(f"{table.structured_dataset.uri.removeprefix('s3://bucket/')}/00000")
    assert written is not None
    assert written[:4] == b"PAR1"
    report = bucket.get("run/a0/1/report.html")
    assert report is not None
    assert b"early" in report
    assert b"late" in report


def test_a_store_that_is_gone_for_five_seconds(container: Container, bucket: Bucket) -> None:
    bucket.gate.shut()
    container.project.write({"wait": ""})
    with container.started(base="s3://bucket/run") as process:
        time.sleep(5)
        bucket.gate.open()
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"

        bucket.gate.shut()
        (container.project.path / "wait").unlink()
        time.sleep(5)
        bucket.gate.open()
        process.communicate(timeout=30)
    assert process.returncode == 0
    outputs, _ = bucket.outcome()
    assert outputs is not None


def test_inputs_that_are_not_there(container: Container, bucket: Bucket) -> None:
    bucket.client.delete_object(Bucket="bucket", Key="run/inputs.pb")
    container.run(base="s3://bucket/run").result.expect(1)
    _, error = bucket.outcome()
    assert error is not None
    assert (error.code, error.origin) == ("ObjectMissingError", ExecutionError.SYSTEM)


def test_a_store_that_stays_away_ends_at_a_signal(container: Container, bucket: Bucket) -> None:
    bucket.gate.shut()
    with container.started(base="s3://bucket/run") as process:
        time.sleep(2)
        process.terminate()
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + 15
    assert "TaskInterrupted" in out


def test_a_full_disk(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    tried = run_process(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)],
        cwd=tmp_path,
        env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"},
    )
    if tried.code != 0:
        pytest.skip(f"a small disk cannot be mounted here: {tried.err.strip()}")
    try:
        container = Container(tmp_path / "c", {"app.py": APP, "large.txt": "x" * 300_000})
        container.take(x=4)
        container.project.flyte(
            "bundle", "build", "app.py", "-o", str(tmp_path / "b.tar.gz"), "--copy-style", "all"
        ).expect()
        shutil.move(tmp_path / "b.tar.gz", container.store / "b.tar.gz")
        arguments = container.arguments(code=("--tgz", str(container.store / "b.tar.gz")))
        result = run_process([A0, *arguments], cwd=mount, env=container.project.environment(container.environment))
        error = container.left(result).failed(1)
        assert (error.code, error.kind, error.origin) == (
            "NotReadyError",
            ContainerError.RECOVERABLE,
            ExecutionError.SYSTEM,
        )
        assert "No space left on device" in error.message
    finally:
        subprocess.run(["umount", str(mount)], check=True)
