"""Tables: references to one in a store, and the tables of libraries, by type and value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from flyteidl2.core.literals_pb2 import Literal
from google.protobuf.json_format import MessageToDict

from flyte.io import DataFrame
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.guessed import annotation_of, plain_value
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.types import literal_type

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
ROWS = {"a": [1, 2], "b": ["x", "y"]}


class Sales(DataFrame):
    day: str
    amount: float
    other: list[int]


@pytest.fixture
def raw(tmp_path: Path) -> RawData:
    return RawData(Places({}), str(tmp_path / "raw"))


def _type(annotation: Any) -> Any:
    return MessageToDict(literal_type(annotation), preserving_proto_field_name=True)


def _rows(table: Any) -> dict[str, list[Any]]:
    if isinstance(table, DataFrame):
        table = table.open(pa.Table).all_sync()
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pd.DataFrame):
        return {name: list(table[name]) for name in table}
    return table.to_pydict() if isinstance(table, pa.Table) else table.to_dict(as_series=False)


def test_the_columns_that_a_class_names_are_in_its_type() -> None:
    assert _type(Sales)["structured_dataset_type"]["columns"] == [
        {"name": "day", "literal_type": {"simple": "STRING"}},
        {"name": "amount", "literal_type": {"simple": "FLOAT"}},
        {"name": "other", "literal_type": {"collection_type": {"simple": "INTEGER"}}},
    ]
    assert isinstance(from_literal(Sales, to_literal(Sales, Sales(uri="s3://bucket/t"))), Sales)


def test_a_reference_travels_with_its_format_and_hash() -> None:
    value = DataFrame(uri="s3://bucket/t", format="csv", hash="h")
    literal = to_literal(DataFrame, value)
    assert literal.hash == "h"
    assert literal.scalar.structured_dataset.metadata.structured_dataset_type.format == "csv"
    read = from_literal(DataFrame, literal)
    assert (read, read.hash) == (value, "h")
    assert plain_value(literal) == "s3://bucket/t"
    assert annotation_of(literal_type(DataFrame)) is DataFrame


@pytest.mark.parametrize(
    "made",
    [
        lambda: pd.DataFrame(ROWS),
        lambda: pl.DataFrame(ROWS),
        lambda: pl.LazyFrame(ROWS),
        lambda: pa.table(ROWS),
        lambda: DataFrame.from_df(pd.DataFrame(ROWS)),
        lambda: DataFrame(pl.DataFrame(ROWS), format="csv"),
    ],
)
def test_tables_in_memory_are_written_and_read_by_any_library(made: Any, raw: RawData, tmp_path: Path) -> None:
    value = made()
    literal = to_literal(type(value), value, raw)
    assert literal.scalar.structured_dataset.uri.startswith(str(tmp_path / "raw"))
    for kind in (pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table, DataFrame):
        read = from_literal(kind, literal, raw)
        assert isinstance(read, kind)
        assert _rows(read) == ROWS
    inside = to_literal(list[type(value) | None], [None, value], raw)  # type: ignore[misc]
    assert _rows(from_literal(list[DataFrame | None], inside, raw)[1]) == ROWS


def test_a_table_that_is_written_here_goes_to_the_store(raw: RawData, tmp_path: Path) -> None:
    one = DataFrame(pa.table(ROWS), str(tmp_path / "one.parquet")).saved()
    many = DataFrame(pa.table(ROWS), str(tmp_path / "many")).saved()
    for table in (one, many):
        read = from_literal(DataFrame, to_literal(DataFrame, table, raw), raw)
        assert read.uri.startswith(str(tmp_path / "raw"))
        assert _rows(read) == ROWS
        assert to_literal(DataFrame, read, raw).scalar.structured_dataset.uri == read.uri
        assert from_literal(DataFrame, to_literal(DataFrame, table)).uri == table.uri


@pytest.mark.parametrize(("module", "name"), [("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")])
def test_the_type_of_a_table_names_its_class(module: str, name: str) -> None:
    kind = getattr(pytest.importorskip(module), name)
    tag = {"tag": f"{kind.__module__}.{kind.__qualname__}"}
    assert _type(kind) == {"structured_dataset_type": {}, "structure": tag}
    columns = [{"name": "a", "literal_type": {"simple": "INTEGER"}}]
    assert _type(Annotated[kind, "csv", {"a": int}]) == {
        "structured_dataset_type": {"format": "csv", "columns": columns},
        "structure": tag,
    }


def test_what_is_no_table_is_refused(raw: RawData) -> None:
    with pytest.raises(BadValue, match="takes a"):
        to_literal(DataFrame, [1], raw)
    with pytest.raises(BadValue, match="takes a"):
        from_literal(DataFrame, to_literal(int, 3))
    with pytest.raises(BadValue, match="got nothing"):
        from_literal(DataFrame, Literal())
    with pytest.raises(BadValue, match="empty"):
        to_literal(DataFrame, DataFrame(), raw)
    with pytest.raises(BadValue, match="there is no store"):
        to_literal(DataFrame, pd.DataFrame(ROWS))
