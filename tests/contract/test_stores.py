"""The contract of stores, run on each of them; those of the clouds on real servers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from flytectl_py.storage.api import Store, StoreOptions
from flytectl_py.storage.registry import open_store
from flytectl_py.storage.signed_url import SignedUrl, SignedUrlStore
from tests.contract.store_contract import (
    MIB,
    AnsweringContract,
    BrowsableContract,
    BucketContract,
    SharedContract,
    StoreContract,
    digest,
    fetched,
    put,
)
from tests.support.put_object import content
from tests.support.servers import azure
from tests.support.servers.faulty import faulty_server
from tests.support.servers.running import fresh_name


class TestLocal(StoreContract, AnsweringContract, BrowsableContract, SharedContract):
    big: ClassVar[int] = 70 * MIB

    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "a folder" / "store")


class TestFileUri(StoreContract, AnsweringContract, BrowsableContract, SharedContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return (tmp_path / "with space").as_uri()


class TestMemory(StoreContract, AnsweringContract, BrowsableContract):
    @pytest.fixture
    def address(self) -> str:
        return f"memory://{fresh_name()}/prefix"


@pytest.mark.store
class TestS3(StoreContract, AnsweringContract, BrowsableContract, SharedContract, BucketContract):
    big: ClassVar[int] = 70 * MIB

    @pytest.fixture
    def address(self, s3_bucket: str) -> str:
        return f"s3://{s3_bucket}/some/prefix"

    @pytest.fixture
    def lost_address(self, address: str) -> str:
        return f"s3://{fresh_name()}/prefix"


@pytest.mark.store
class TestS3OfOldServers:
    """Those that know no checksums but MD5."""

    @pytest.mark.parametrize("size", [1000, 20 * MIB], ids=["whole", "parts"])
    def test_round_trip(self, s3_bucket: str, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
        monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        data = content(size)
        with open_store(f"s3://{s3_bucket}") as store:
            assert put(store, "old", data).uploaded
            assert not put(store, "old", data).uploaded
            assert fetched(store, "old", digest(data)) == data


@pytest.mark.store
class TestGCS(StoreContract, AnsweringContract, BrowsableContract, SharedContract, BucketContract):
    @pytest.fixture
    def address(self, gcs_bucket: str) -> str:
        return f"gs://{gcs_bucket}/some/prefix"

    @pytest.fixture
    def lost_address(self, address: str) -> str:
        return f"gs://{fresh_name()}/prefix"


@pytest.mark.store
class TestAzure(StoreContract, AnsweringContract, BrowsableContract, SharedContract, BucketContract):
    @pytest.fixture
    def address(self, azure_container: str) -> str:
        return f"az://{azure_container}/some/prefix"

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
    def store(self, s3_bucket: str, s3_url: str) -> Iterator[Store]:
        import boto3

        bucket = s3_bucket
        client = boto3.client("s3", endpoint_url=s3_url)

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
    def store(self, azure_container: str, azure_url: str) -> Store:
        from datetime import UTC, datetime, timedelta
        from urllib.parse import quote

        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        container = azure_container

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
