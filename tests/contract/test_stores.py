"""The contract of stores, run on each of them; those of the clouds on real servers on this machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from flytectl_py.storage.api import Store, StoreOptions
from flytectl_py.storage.signed_url import SignedUrl, SignedUrlStore
from tests.contract.store_contract import MIB, AnsweringContract, BucketContract, SharedContract, StoreContract
from tests.support.servers import azure
from tests.support.servers.faulty import faulty_server


def fresh_name() -> str:
    return f"bucket-{uuid.uuid4().hex[:12]}"


class TestLocal(StoreContract, AnsweringContract, SharedContract):
    big: ClassVar[int] = 70 * MIB

    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "a folder" / "store")


class TestFileUri(StoreContract, AnsweringContract, SharedContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return (tmp_path / "with space").as_uri()


class TestMemory(StoreContract, AnsweringContract):
    @pytest.fixture
    def address(self) -> str:
        return f"memory://{fresh_name()}/prefix"


@pytest.mark.store
class TestS3(StoreContract, AnsweringContract, SharedContract, BucketContract):
    big: ClassVar[int] = 70 * MIB

    @pytest.fixture
    def address(self, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
        import asyncio

        import s3fs

        for name, value in {
            "AWS_ENDPOINT_URL": s3_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        bucket = fresh_name()

        async def create() -> None:
            await (await files.set_session()).create_bucket(Bucket=bucket)

        asyncio.run_coroutine_threadsafe(create(), files.loop).result(60)
        return f"s3://{bucket}/some/prefix"

    @pytest.fixture
    def lost_address(self, address: str) -> str:
        return f"s3://{fresh_name()}/prefix"


@pytest.mark.store
class TestS3OfOldServers(TestS3):
    """Those that know no checksums but MD5."""

    big: ClassVar[int] = 20 * MIB

    @pytest.fixture
    def address(self, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
        monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        return TestS3.address.__wrapped__(self, s3_url, monkeypatch, tmp_path)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.store
class TestGCS(StoreContract, AnsweringContract, SharedContract, BucketContract):
    @pytest.fixture
    def address(self, gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
        from gcsfs.core import GCSFileSystem

        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
        bucket = fresh_name()
        GCSFileSystem(project="test", token="anon", endpoint_url=gcs_url, skip_instance_cache=True).mkdir(bucket)
        return f"gs://{bucket}/some/prefix"

    @pytest.fixture
    def lost_address(self, address: str) -> str:
        return f"gs://{fresh_name()}/prefix"


@pytest.mark.store
class TestAzure(StoreContract, AnsweringContract, SharedContract, BucketContract):
    @pytest.fixture
    def address(self, azure_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
        from azure.storage.blob import BlobServiceClient

        text = azure.connection_string(azure_url)
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
        container = fresh_name()
        with BlobServiceClient.from_connection_string(text) as service:
            service.create_container(container)
        return f"az://{container}/some/prefix"

    @pytest.fixture
    def lost_address(self, address: str) -> str:
        return f"az://{fresh_name()}/prefix"


class TestSignedUrl(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        from urllib.parse import quote

        with faulty_server() as server:
            sign = lambda wanted: SignedUrl(f"{server.url}/{quote(wanted.key)}")  # noqa: E731
            yield SignedUrlStore(sign, sign_get=sign)


@pytest.mark.store
class TestUrlSignedForS3(StoreContract):
    @pytest.fixture
    def store(self, s3_url: str) -> Iterator[Store]:
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=s3_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        bucket = fresh_name()
        client.create_bucket(Bucket=bucket)

        def sign(method: str, key: str) -> SignedUrl:
            url = client.generate_presigned_url(method, Params={"Bucket": bucket, "Key": key})
            return SignedUrl(url, uri=f"s3://{bucket}/{key}")

        yield SignedUrlStore(
            lambda wanted: sign("put_object", wanted.key), sign_get=lambda wanted: sign("get_object", wanted.key)
        )
        client.close()


@pytest.mark.store
class TestUrlSignedForAzure(StoreContract):
    @pytest.fixture
    def store(self, azure_url: str) -> Store:
        from datetime import UTC, datetime, timedelta
        from urllib.parse import quote

        from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

        container = fresh_name()
        with BlobServiceClient.from_connection_string(azure.connection_string(azure_url)) as service:
            service.create_container(container)

        def sign(key: str) -> SignedUrl:
            token = generate_blob_sas(
                azure.ACCOUNT,
                container,
                key,
                account_key=azure.KEY,
                permission=BlobSasPermissions(read=True, write=True, create=True),
                expiry=datetime.now(UTC) + timedelta(hours=1),
            )
            return SignedUrl(f"{azure_url}/{azure.ACCOUNT}/{container}/{quote(key)}?{token}")

        return SignedUrlStore(
            lambda wanted: sign(wanted.key),
            sign_get=lambda wanted: sign(wanted.key),
            options=StoreOptions(part_size=4 * MIB),
        )
