"""The storage servers that the tests of this folder share: started at first use, once for each test process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.servers import azure, gcs, s3
from tests.support.servers.running import fresh_name

for _name in ("store_contract", "builder_contract", "data_contract"):
    pytest.register_assert_rewrite(f"tests.contract.{_name}")


def _need(modules: tuple[str, ...]) -> None:
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        pytest.fail(f"{', '.join(absent)} not installed: pip install -e '.[all,test,test-servers]'", pytrace=False)
    for name in modules:
        # Here and not in the first test that needs it: some change sys.meta_path, which tests may not.
        import_module(name)


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _need(s3.NEEDS)
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(scope="session")
def gcs_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _need(gcs.NEEDS)
    with gcs.gcs_server(tmp_path_factory.mktemp("gcs")) as url:
        yield url


@pytest.fixture(scope="session")
def azure_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if lacking := azure.missing():
        pytest.skip(lacking)
    _need(azure.NEEDS)
    with azure.azure_server(tmp_path_factory.mktemp("azure")) as url:
        yield url


@pytest.fixture
def s3_bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A new bucket, in an environment that leads to the server."""
    import boto3

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": s3_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    bucket = fresh_name()
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket)
    client.close()
    return bucket


@pytest.fixture
def gcs_bucket(gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, in an environment that leads to the server."""
    from gcsfs.core import GCSFileSystem

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    bucket = fresh_name()
    GCSFileSystem(project="test", token="anon", endpoint_url=gcs_url, skip_instance_cache=True).mkdir(bucket)
    return bucket


@pytest.fixture
def azure_container(azure_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new container, in an environment that leads to the server."""
    from azure.storage.blob import BlobServiceClient

    text = azure.connection_string(azure_url)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    container = fresh_name()
    with BlobServiceClient.from_connection_string(text) as service:
        service.create_container(container)
    return container
