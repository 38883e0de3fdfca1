"""The contract of files and folders, run at each place that their data can be."""

from __future__ import annotations

from pathlib import Path

import pytest

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
