from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData


@pytest.fixture
def raw_data(tmp_path: Path) -> RawData:
    return RawData(Places({}), str(tmp_path / "raw"))


def test_names_come_from_content(raw_data: RawData, tmp_path: Path) -> None:
    one, other = raw_data.put_bytes(b"one", "x.pkl"), raw_data.put_bytes(b"other", "x.pkl")
    assert one == raw_data.put_bytes(b"one", "x.pkl")
    assert one.uri != other.uri
    assert one.uri.startswith(str(tmp_path / "raw"))
    assert one.uri.endswith("/x.pkl")
    assert raw_data.get_bytes(one.uri) == b"one"
    (tmp_path / "one.txt").write_bytes(b"one")
    file = raw_data.put_file(f"{tmp_path}/one.txt")
    assert (file.hash, Path(file.uri).read_bytes()) == (one.hash, b"one")
    assert raw_data.put_file((tmp_path / "one.txt").as_uri()) == file


def test_folders_keep_their_files(raw_data: RawData, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    put = raw_data.put_folder(str(folder))
    assert Path(put.uri).name == "made"
    assert Path(put.uri, "deep", "a.txt").read_text() == "a"
    assert put == raw_data.put_folder(str(folder))
    (folder / "b.txt").rename(folder / "c.txt")
    assert raw_data.put_folder(str(folder)).hash != put.hash


def test_what_is_not_there(raw_data: RawData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*gone"):
        raw_data.put_file(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"there is no folder .*gone"):
        raw_data.put_folder(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="there is no table at"):
        raw_data.get_frame(str(tmp_path / "gone"), "parquet", object)
    with pytest.raises(UsageError, match="'orc'"):
        raw_data.put_frame(object(), "orc")
    with pytest.raises(UsageError, match="cannot be written as a table"):
        raw_data.put_frame(object(), "parquet")


def test_tables(raw_data: RawData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "")  # polars sets it while it is imported
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    put = raw_data.put_frame(frame, "parquet")
    assert raw_data.get_frame(put.uri, "parquet", pandas.DataFrame).equals(frame)
    assert raw_data.get_frame(put.uri, "", polars.DataFrame)["x"].to_list() == [1, 2]
    again = raw_data.put_frame(raw_data.get_frame(put.uri, "parquet", pyarrow.Table), "parquet")
    assert raw_data.get_frame(again.uri, "parquet", pandas.DataFrame).equals(frame)
    assert raw_data.get_frame(
        raw_data.put_frame(polars.DataFrame({"x": [1]}), "parquet").uri, "parquet", pandas.DataFrame
    )["x"].to_list() == [1]
