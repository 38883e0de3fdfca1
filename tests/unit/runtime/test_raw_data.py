from __future__ import annotations

from pathlib import Path

import pytest

from flyte.io import DataFrame
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
    assert raw_data.put_folder(str(folder)).uri != put.uri
    # As what clients send: a file has a hash, a folder has none.
    assert put.hash is None


def test_what_the_task_has_written_there_stays(raw_data: RawData, tmp_path: Path) -> None:
    (tmp_path / "raw" / "x").mkdir(parents=True)
    (tmp_path / "raw" / "x" / "a.txt").write_text("a")
    assert raw_data.put_file(f"{tmp_path}/raw/x/a.txt").uri == f"{tmp_path}/raw/x/a.txt"
    assert raw_data.put_folder(f"{tmp_path}/raw/x").uri == f"{tmp_path}/raw/x"


def test_what_is_not_there(raw_data: RawData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*gone"):
        raw_data.put_file(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"there is no folder .*gone"):
        raw_data.put_folder(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="no class of tables"):
        raw_data.put_table(DataFrame.from_df(object()))


def test_tables(raw_data: RawData, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    put = raw_data.put_table(DataFrame.from_df(frame))
    assert (put.format, put.written) == ("parquet", True)
    assert put.uri is not None
    assert Path(put.uri).is_relative_to(tmp_path / "raw")
    assert put.open(pandas.DataFrame).all_sync().equals(frame)
    here = DataFrame(frame, str(tmp_path / "t.csv")).saved()
    kept = raw_data.put_table(here)
    assert (kept.format, kept.uri) == ("csv", raw_data.put_file(str(tmp_path / "t.csv")).uri)
