"""The storage servers that the tests of this folder share: started at first use, once for each test process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.support.servers import azure, gcs, s3

pytest.register_assert_rewrite("tests.contract.store_contract")


def _need(modules: tuple[str, ...]) -> None:
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        pytest.fail(f"{', '.join(absent)} not installed: pip install -e '.[all,test,test-servers]'", pytrace=False)


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
