"""What a container reads and writes by full address, against every store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.runtime.places import Places
from flytectl_py.storage.api import ObjectMissingError


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty folder in a store of the kind that the test is run for."""
    kind: str = request.param
    made: dict[str, Callable[[], str]] = {
        "path": lambda: str(tmp_path / "store"),
        "file": lambda: f"{(tmp_path / 'a store').as_uri()}",
        "s3": lambda: f"s3://{request.getfixturevalue('s3_bucket')}/run",
        "gs": lambda: f"gs://{request.getfixturevalue('gcs_bucket')}/run",
        "az": lambda: f"az://{request.getfixturevalue('azure_container')}/run",
    }
    return made[kind]()


@pytest.fixture
def places() -> Iterator[Places]:
    made = Places(os.environ, patience=1)
    yield made
    made.close()


EVERY_STORE = pytest.mark.parametrize(
    "folder",
    ["path", "file", *(pytest.param(each, marks=pytest.mark.store) for each in ("s3", "gs", "az"))],
    indirect=True,
)


@EVERY_STORE
def test_objects_by_address(places: Places, folder: str, tmp_path: Path) -> None:
    assert places.find(f"{folder}/a/x.pb") is None
    with pytest.raises(ObjectMissingError):
        places.read(f"{folder}/a/x.pb")
    places.write(f"{folder}/a/x.pb", b"one")
    places.write(f"{folder}/a/x.pb", b"two")
    assert places.read(f"{folder}/a/x.pb") == b"two"
    file = tmp_path / "made.bin"
    file.write_bytes(b"m" * 100_000)
    places.upload(f"{folder}/a/deep/made.bin", file)
    assert places.read(f"{folder}/a/deep/made.bin") == b"m" * 100_000
    assert [each.rpartition("/")[2] for each in places.below(f"{folder}/a")] == ["made.bin", "x.pb"]
    assert all(places.find(each) is not None for each in places.below(f"{folder}/a"))
    places.remove(f"{folder}/a/x.pb")
    places.remove(f"{folder}/a/x.pb")
    assert places.find(f"{folder}/a/x.pb") is None


def test_an_address_that_is_none(places: Places) -> None:
    with pytest.raises(UsageError, match="not the address of an object"):
        places.read("s3://bucket")
