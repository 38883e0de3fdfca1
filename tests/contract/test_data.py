"""The contract of files and folders, run at each place that their data can be."""

from __future__ import annotations

from pathlib import Path

import pytest

import flyte
import flyte.storage
from flyte.io import File
from tests.contract.data_contract import FileContract, StoreFileContract
from tests.support.servers.running import fresh_name


class TestLocal(FileContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "a place")


class TestFileUri(FileContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return f"file://{tmp_path}/place"


class TestMemory(StoreFileContract):
    @pytest.fixture
    def address(self) -> str:
        return f"memory://{fresh_name()}/some/prefix"


@pytest.mark.store
class TestS3(StoreFileContract):
    @pytest.fixture
    def address(self, s3_bucket: str) -> str:
        return f"s3://{s3_bucket}/some/prefix"


@pytest.mark.store
class TestGCS(StoreFileContract):
    @pytest.fixture
    def address(self, gcs_bucket: str) -> str:
        return f"gs://{gcs_bucket}/some/prefix"


@pytest.mark.store
class TestAzure(StoreFileContract):
    @pytest.fixture
    def address(self, azure_container: str) -> str:
        return f"az://{azure_container}/some/prefix"


@pytest.mark.store
class TestSettings:
    """What ``flyte.init(storage=…)`` says reaches the store, also where the environment says nothing."""

    def test_endpoint_and_keys(self, s3_bucket: str, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        file: File[bytes] = File(f"s3://{s3_bucket}/x")
        with file.open("wb") as out:
            out.write(b"x")
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        flyte.init(storage=flyte.storage.S3(endpoint=s3_url, access_key_id="test", secret_access_key="test", retries=0))
        assert file.open().read() == b"x"

    @pytest.mark.parametrize("size", [10, 20 << 20], ids=["whole", "parts"])
    def test_metadata_names_the_action(self, s3_bucket: str, size: int) -> None:
        import boto3

        env = flyte.TaskEnvironment("env")

        @env.task
        async def main() -> File[bytes]:
            file: File[bytes] = File.new_remote("x")
            async with file.open("wb") as out:
                await out.write(bytes(size))
            return file

        run = flyte.with_runcontext(name="named", raw_data_path=f"s3://{s3_bucket}/raw").run(main)
        client = boto3.client("s3")
        key = run.outputs()[0].path.partition(f"{s3_bucket}/")[2]
        found = client.head_object(Bucket=s3_bucket, Key=key)["Metadata"]
        client.close()
        assert (found["flyte_run"], found["flyte_action"], found["flyte_task"]) == ("named", "a0", "env.main")
