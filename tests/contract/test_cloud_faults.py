"""Stores of the clouds when requests fail: a faulty server stands between them and the real one."""

from __future__ import annotations

import errno
import io
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.storage.api import ChecksumError, StoreOptions, StoreUnavailableError
from flytectl_py.storage.registry import open_store
from tests.contract.store_contract import MIB, digest, fetched, put
from tests.support.put_object import content
from tests.support.servers import azure
from tests.support.servers.faulty import Corrupt, DropAnswer, DropBody, FaultyServer, Stall, Status, faulty_server
from tests.support.servers.running import free_port

pytestmark = pytest.mark.store

QUICK = StoreOptions(stall_timeout=1.0, connect_timeout=2.0)


@dataclass
class Front:
    """A store behind a faulty server, and the methods of the requests it makes."""

    address: str
    server: FaultyServer
    whole: str
    part_of: str
    """What the request for a part has in its path."""


@pytest.fixture(params=["s3", "gcs", "azure"])
def front(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    bucket = request.getfixturevalue("azure_container" if request.param == "azure" else f"{request.param}_bucket")
    with faulty_server(request.getfixturevalue(f"{request.param}_url")) as server:
        if request.param == "s3":
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            yield Front(f"s3://{bucket}/p", server, "PUT", "partNumber=")
        elif request.param == "gcs":
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
            yield Front(f"gs://{bucket}/p", server, "POST", "upload_id=")
        else:
            monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure.connection_string(server.url))
            yield Front(f"az://{bucket}/p", server, "PUT", "comp=block&")


@pytest.mark.parametrize(
    "troubles",
    [
        [Status(500), Status(503), Status(502)],
        [DropBody(after=500)],
        [DropAnswer()],
        [Stall()],
        [Status(500), DropBody(), DropAnswer(), Stall()],
    ],
    ids=["5xx", "dropped body", "dropped answer", "stalled", "one after the other"],
)
@pytest.mark.parametrize("size", [100_000, 20 * MIB], ids=["whole", "parts"])
def test_an_upload_survives(front: Front, size: int, troubles: list[Status | DropBody | DropAnswer | Stall]) -> None:
    data = content(size)
    with open_store(front.address, QUICK) as store:
        front.server.fail(front.whole, *troubles, path="" if size < MIB else front.part_of)
        assert put(store, "x", data).uploaded
        assert not front.server.troubles
        assert fetched(store, "x", digest(data)) == data


@pytest.mark.parametrize(
    "trouble",
    [Status(500), DropAnswer(after=1000), DropAnswer(), Stall()],
    ids=["500", "part of it", "none", "stalled"],
)
def test_a_download_survives(front: Front, trouble: Status | DropAnswer | Stall) -> None:
    data = content(100_000)
    with open_store(front.address, QUICK) as store:
        put(store, "x", data)
        front.server.fail("GET", trouble)
        assert fetched(store, "x", digest(data)) == data
        assert not front.server.troubles


def test_retry_after_is_kept_to(front: Front) -> None:
    with open_store(front.address, QUICK) as store:
        front.server.fail(front.whole, Status(429, {"Retry-After": "2"}))
        began = time.monotonic()
        assert put(store, "x", b"content").uploaded
        assert time.monotonic() - began >= 2


def test_a_server_that_stays_down(front: Front) -> None:
    options = StoreOptions(attempts=2, stall_timeout=1.0)
    with open_store(front.address, options) as store:
        front.server.fail(front.whole, *[Status(500)] * 2)
        with pytest.raises(StoreUnavailableError, match=r"the store failed .*, after 2 attempts") as caught:
            put(store, "x", b"content")
        assert caught.value.exit_code == 3
        assert store.head("x") is None


def test_access_denied(front: Front) -> None:
    with open_store(front.address, QUICK) as store:
        front.server.fail(front.whole, Status(403))
        with pytest.raises(StoreUnavailableError, match="access is denied") as caught:
            put(store, "x", b"content")
        assert "needs" in caught.value.hint
        assert len(front.server.requests(front.whole)) == 1


def test_who_may_only_write_can(front: Front) -> None:
    with open_store(front.address, QUICK) as store:
        front.server.fail("GET" if front.whole == "POST" else "HEAD", Status(403))
        assert put(store, "x", b"content").uploaded


def test_a_host_that_cannot_be_resolved(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    url = "http://minio.flyte.svc:9000"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure.connection_string(url))
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with open_store(front.address, QUICK) as store:
        with pytest.raises(StoreUnavailableError, match="cannot be resolved") as caught:
            put(store, "x", b"content")
        assert "only be reachable inside the cluster" in caught.value.hint


def test_nothing_listens(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure.connection_string(url))
    with open_store(front.address, QUICK) as store, pytest.raises(StoreUnavailableError, match="accepts connections"):
        put(store, "x", b"content")


def test_damage_on_the_way_down(front: Front) -> None:
    data = content(1000)
    with open_store(front.address, QUICK) as store:
        put(store, "x", data)
        # GCS asks about the object with a GET, too; only one for the content says so in its query.
        front.server.fail("GET", Corrupt(), path="alt=media" if front.whole == "POST" else "")
        with pytest.raises(ChecksumError, match="holds other content"):
            fetched(store, "x", digest(data))


def test_the_disk_of_a_download_fills(front: Front) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with open_store(front.address, QUICK) as store:
        put(store, "x", b"content")
        with pytest.raises(StoreUnavailableError, match="the disk is full"):
            store.get("x", Full())


def test_an_upload_that_the_store_forgot(front: Front) -> None:
    front.server.fail(front.whole, Status(410), path=front.part_of)
    with open_store(front.address, QUICK) as store:
        with pytest.raises(StoreUnavailableError, match="no longer knows the upload"):
            put(store, "x", content(20 * MIB))
        assert store.head("x") is None
        assert put(store, "x", content(20 * MIB)).uploaded


def test_no_credentials(s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with open_store(f"s3://{s3_bucket}") as store:
        with pytest.raises(StoreUnavailableError, match="no credentials") as caught:
            put(store, "x", b"content")
        assert "AWS_PROFILE" in caught.value.hint


def test_no_account(azure_container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    with open_store(f"az://{azure_container}") as store:
        with pytest.raises(StoreUnavailableError, match="no storage account is named") as caught:
            put(store, "x", b"content")
        assert "az login" in caught.value.hint


def test_a_bucket_name_that_cannot_be(s3_bucket: str) -> None:
    with open_store("s3://Not_A*Bucket") as store, pytest.raises(UsageError, match="not allowed"):
        put(store, "x", b"content")


def test_nothing_is_left_of_an_upload_that_failed(s3_bucket: str, s3_url: str) -> None:
    import boto3

    with faulty_server(s3_url) as server:
        options = StoreOptions(endpoint=server.url, attempts=1)
        with open_store(f"s3://{s3_bucket}", options) as store:
            server.fail("PUT", Status(500))
            with pytest.raises(StoreUnavailableError):
                put(store, "x", content(20 * MIB))
            assert store.head("x") is None
    client = boto3.client("s3")
    assert not client.list_multipart_uploads(Bucket=s3_bucket).get("Uploads")
    client.close()
