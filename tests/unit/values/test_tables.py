"""Tables as inputs: named by path or URI, as references or read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flyte.io import DataFrame
from flytectl_py.project.disk import Disk
from flytectl_py.values.convert import BadValue, from_json, from_text, metavar, to_json, to_text

LIBRARIES = [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return DataFrame(pa.table({"n": [1, 2]}), f"{tmp_path}/t.parquet").saved().uri or ""


@pytest.mark.parametrize("kind", LIBRARIES)
def test_a_librarys_own_is_read(kind: Any, path: str) -> None:
    for value in (from_text(kind, path, Disk()), from_json(kind, {"uri": path, "format": "parquet"}, Disk())):
        assert isinstance(value, kind)
        assert DataFrame.from_df(value).open(pa.Table).all_sync().to_pydict() == {"n": [1, 2]}
    assert metavar(kind) == "TABLE"


def test_a_reference_is_not(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"not looked at")
    value = from_text(DataFrame, str(tmp_path / "broken.parquet"), Disk())
    assert value == DataFrame(uri=str(tmp_path / "broken.parquet"))
    assert from_text(DataFrame, "s3://bucket/nobody-asked", Disk()).uri == "s3://bucket/nobody-asked"


def test_there_and_back(path: str) -> None:
    value = DataFrame(uri=path, format="parquet")
    assert from_json(DataFrame, to_json(value), Disk()) == value
    assert from_text(DataFrame, to_text(value, DataFrame), Disk()).uri == path


def test_in_memory_it_has_no_text_and_is_not_written() -> None:
    assert set(to_json(DataFrame.from_df(pd.DataFrame()))) == {"type", "repr"}
    assert set(to_json(pd.DataFrame())) == {"type", "repr"}


@pytest.mark.parametrize("kind", [DataFrame, pd.DataFrame])
@pytest.mark.parametrize("text", ["", "no/such.parquet", "a\0b"])
def test_what_is_not_there(kind: Any, text: str) -> None:
    with pytest.raises(BadValue):
        from_text(kind, text, Disk())


@pytest.mark.parametrize("data", [3, {"uri": 3}, {"uri": "x", "colour": "red"}, ["x"]])
def test_what_is_no_reference(data: Any) -> None:
    with pytest.raises(BadValue):
        from_json(DataFrame, data, Disk())


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"x" * 100)
    with pytest.raises(BadValue, match=r"(?i)parquet"):
        from_text(pd.DataFrame, str(tmp_path / "broken.parquet"), Disk())
