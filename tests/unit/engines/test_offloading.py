"""Files, folders and tables on their way to a control plane's storage."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flyte.io import DataFrame
from flytectl_py.config import settings as config
from flytectl_py.engines.offloading import Planned, Storage
from flytectl_py.engines.remote import remote_of
from flytectl_py.errors import FlyteError, UsageError
from flytectl_py.wire.offload import Uploaded
from tests.support.control_plane import ControlPlaneServer

R = TypeVar("R")
BUCKET = "s3://bucket/"


def stored(plane: ControlPlaneServer, put: Callable[[Storage], R]) -> R:
    remote = remote_of(config.init(endpoint=plane.endpoint, insecure=True, project="flytesnacks"))

    async def go() -> R:
        async with remote.connect() as connected:
            storage = Storage(connected, remote.scope, asyncio.get_running_loop())
            return await asyncio.to_thread(put, storage)

    return asyncio.run(go())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "deep").mkdir(parents=True)
    (made / "a.txt").write_text("a")
    (made / "deep" / "a.txt").write_text("b")
    return made


def test_a_file_has_its_content_as_its_hash(plane: ControlPlaneServer, folder: Path) -> None:
    kept = stored(plane, lambda storage: storage.put_file(str(folder / "a.txt")))
    assert kept.hash == hashlib.md5(b"a").hexdigest()
    assert plane.blobs[kept.uri.removeprefix(BUCKET)] == b"a"


def test_the_files_of_a_folder_keep_their_places(plane: ControlPlaneServer, folder: Path) -> None:
    kept = stored(plane, lambda storage: storage.put_folder(str(folder)))
    root = kept.uri.removeprefix(BUCKET)
    assert plane.blobs == {f"{root}/a.txt": b"a", f"{root}/deep/a.txt": b"b"}
    again = stored(plane, lambda storage: storage.put_folder(str(folder)))
    assert again == kept
    (folder / "a.txt").write_text("changed")
    assert stored(plane, lambda storage: storage.put_folder(str(folder))).uri != kept.uri


def test_bytes_are_named_by_content(plane: ControlPlaneServer) -> None:
    one, two = (stored(plane, lambda storage, data=data: storage.put_bytes(data, "x.pkl")) for data in (b"1", b"2"))
    assert one.uri != two.uri
    assert {one.uri.rpartition("/")[2], two.uri.rpartition("/")[2]} == {"x.pkl"}


def test_a_table_is_parquet(plane: ControlPlaneServer) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    kept = stored(plane, lambda storage: storage.put_table(DataFrame.from_df(frame)))
    assert kept.uri is not None
    content = plane.blobs[f"{kept.uri.removeprefix(BUCKET)}/00000"]
    assert content[:4] == content[-4:] == b"PAR1"


@pytest.mark.parametrize(
    "put",
    [
        lambda storage, folder: storage.put_file(str(folder)),
        lambda storage, folder: storage.put_file(str(folder / "none")),
        lambda storage, folder: storage.put_folder(str(folder / "a.txt")),
    ],
)
def test_what_is_not_there_is_refused_also_in_a_plan(
    plane: ControlPlaneServer, folder: Path, put: Callable[[Any, Path], Uploaded]
) -> None:
    with pytest.raises(UsageError):
        stored(plane, lambda storage: put(storage, folder))
    with pytest.raises(UsageError):
        put(Planned(), folder)


def test_an_empty_folder_and_another_format_are_refused(plane: ControlPlaneServer, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty"):
        stored(plane, lambda storage: storage.put_folder(str(tmp_path / "empty")))
    pyarrow = pytest.importorskip("pyarrow")
    with pytest.raises(FlyteError, match="orc"):
        stored(plane, lambda storage: storage.put_table(DataFrame(pyarrow.table({"a": [1]}), format="orc")))


def test_a_plan_sends_nothing_and_says_what_would_be_sent(folder: Path) -> None:
    planned = Planned()
    assert not planned.used
    assert planned.put_file(str(folder / "a.txt")).hash == hashlib.md5(b"a").hexdigest()
    assert planned.put_folder(str(folder)).uri == str(folder)
    assert planned.used
    table = DataFrame.from_df(pytest.importorskip("pandas").DataFrame({"a": [1]}))
    assert planned.put_table(table).uri == "DataFrame.parquet"
    assert not table.written
