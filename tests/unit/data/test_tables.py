"""Tables: held, written, read whole and in parts, by the handlers that are built in and by one's own."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

import flyte
from flyte.io import DataFrame, DataFrameDecoder, DataFrameEncoder, DataFrameTransformerEngine, File, StoredTable
from flytectl_py.data import table_handlers, table_verbs
from flytectl_py.data.tables import BATCH_ROWS
from flytectl_py.errors import DeclarationError, NotInTaskContextError, RuntimeDataValidationError, UsageError
from tests.support.servers.running import fresh_name

COLUMNS: dict[str, list[Any]] = {"n": [1, 2, 3], "word": ["a", "ü", None]}
KINDS = [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table]
env = flyte.TaskEnvironment("tables")


def made(kind: Any) -> Any:
    """Return the same table of each library."""
    return pa.table(COLUMNS) if kind is pa.Table else kind(COLUMNS)


def rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table of any library."""
    if isinstance(table, pd.DataFrame):
        return pa.Table.from_pandas(table, preserve_index=False).to_pylist()  # type: ignore[no-any-return]
    if isinstance(table, pl.LazyFrame | pl.DataFrame):
        return table.lazy().collect().to_dicts()
    return table.to_pylist()  # type: ignore[no-any-return]


@pytest.fixture
def own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of handlers that the test has for itself."""
    registry = table_handlers.Registry()
    for module in (table_handlers, table_verbs, sys.modules["flytectl_py.data.table_engine"]):
        monkeypatch.setattr(module, "registered", registry)


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("read", KINDS)
@pytest.mark.parametrize("written", KINDS)
def test_what_one_library_writes_all_read(written: Any, read: Any, form: str, tmp_path: Path) -> None:
    numbers = {"n": [1, 2, 3], "x": [0.5, 1.5, 2.5]}
    table = pa.table(numbers) if written is pa.Table else written(numbers)
    saved = DataFrame(table, f"{tmp_path}/table", format=form).saved()
    back = DataFrame.from_existing_remote(f"{tmp_path}/table", form).open(read).all_sync()
    assert isinstance(back, read)
    assert rows(back) == [{"n": 1, "x": 0.5}, {"n": 2, "x": 1.5}, {"n": 3, "x": 2.5}]
    assert (saved.uri, saved.format) == (f"{tmp_path}/table", form)


@pytest.mark.parametrize("kind", KINDS)
def test_in_memory_it_is_the_same_object(kind: Any) -> None:
    table = made(kind)
    value = DataFrame.from_df(table)
    assert value.all_sync() is table
    assert value.open(kind).all_sync() is table
    assert asyncio.run(value.open(kind).all()) is table
    assert rows(value.open(pa.Table).all_sync()) == rows(table)


def test_a_run_hands_it_on_without_writing(tmp_path: Path) -> None:
    frame = made(pd.DataFrame)

    @env.task
    async def child(df: DataFrame) -> bool:
        return await df.open(pd.DataFrame).all() is frame

    @env.task
    async def main() -> bool:
        return await child(DataFrame.from_df(frame))

    run = flyte.with_runcontext(raw_data_path=str(tmp_path / "raw")).run(main)
    assert run.outputs()[0] is True
    assert not (tmp_path / "raw").exists()


def test_another_process_reads_what_a_task_returned(tmp_path: Path) -> None:
    @env.task
    def main() -> DataFrame:
        return DataFrame.from_df(made(pd.DataFrame))

    returned = flyte.with_runcontext(raw_data_path=str(tmp_path / "raw")).run(main).outputs()[0]
    text = returned.to_json()
    assert Path(returned.uri).is_relative_to(tmp_path / "raw")
    program = (
        "import sys, flyte.io, polars as pl\n"
        "table = flyte.io.DataFrame.from_json(sys.argv[1])\n"
        "print(table.open(pl.DataFrame).all_sync()['n'].sum())"
    )
    done = subprocess.run([sys.executable, "-c", program, text], capture_output=True, text=True, check=True)
    assert done.stdout == "6\n"


def test_it_is_written_once() -> None:
    value = DataFrame.from_df(made(pl.DataFrame), f"memory://{fresh_name()}/t")
    assert value.saved() is value
    File(f"{value.uri}/00000").open("wb").close()
    assert value.saved().uri == value.uri
    assert File(f"{value.uri}/00000").open().read() == b""


def test_a_pickle_takes_the_rows_along() -> None:
    back = pickle.loads(pickle.dumps(DataFrame.from_df(made(pd.DataFrame))))
    assert rows(back.all_sync()) == rows(made(pd.DataFrame))


def test_many_files_are_one_table(tmp_path: Path) -> None:
    for number in range(3):
        pyarrow.parquet.write_table(pa.table({"n": [number]}), tmp_path / f"part-{number}.parquet")
    (tmp_path / "_SUCCESS").write_text("")
    table = DataFrame.from_existing_remote(str(tmp_path))
    assert rows(table.open(pa.Table).all_sync()) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [len(each) for each in table.open(pd.DataFrame).iter_sync()] == [1, 1, 1]


@pytest.mark.parametrize("in_memory", [True, False])
def test_batches(in_memory: bool, tmp_path: Path) -> None:
    count = BATCH_ROWS + 10
    value = DataFrame.from_df(pa.table({"n": range(count)}), f"{tmp_path}/t.parquet")
    if not in_memory:
        value = DataFrame.from_existing_remote(value.saved().uri or "")

    async def sizes() -> list[int]:
        return [len(batch) async for batch in value.open(pl.DataFrame).iter()]

    assert asyncio.run(sizes()) == [BATCH_ROWS, 10]
    assert sum(int(batch["n"].sum()) for batch in value.open(pd.DataFrame).iter_sync()) == count * (count - 1) // 2


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_class_names_the_columns_that_are_read(form: str, tmp_path: Path) -> None:
    class Words(DataFrame):
        word: str

    DataFrame(pa.table({"n": [1], "word": ["x"]}), f"{tmp_path}/t", format=form).saved()
    table = Words(uri=f"{tmp_path}/t", format=form)
    assert Words.column_names() == ["word"]
    assert rows(table.open(pa.Table).all_sync()) == [{"word": "x"}]
    assert [batch.columns.tolist() for batch in table.open(pd.DataFrame).iter_sync()] == [["word"]]


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"as what\?"):
        DataFrame(uri="x.parquet").all_sync()
    with pytest.raises(UsageError, match="empty DataFrame"):
        DataFrame().open(pd.DataFrame).all_sync()
    with pytest.raises(UsageError, match="empty DataFrame"):
        DataFrame().saved()
    with pytest.raises(UsageError, match="no class of tables"):
        DataFrame.from_df([1]).saved(str(tmp_path))
    with pytest.raises(UsageError, match="no class of tables"):
        DataFrame(uri=str(tmp_path)).open(dict).all_sync()
    with pytest.raises(Exception, match="no such file or folder"):
        DataFrame(uri=f"{tmp_path}/nope").open(pd.DataFrame).all_sync()
    with pytest.raises(UsageError, match="orc"):
        DataFrame(made(pd.DataFrame), f"{tmp_path}/x", format="orc").saved()
    with pytest.raises(NotInTaskContextError):
        DataFrame.from_df(made(pd.DataFrame)).saved()
    with pytest.raises(DeclarationError, match="uri"):
        DataFrame(uri="")
    with pytest.raises(DeclarationError, match="colour"):
        DataFrame(colour="red")
    with pytest.raises(DeclarationError, match="dialect"):
        DataFrame.from_dict({"uri": "x"}, dialect=3)


class Points(list[tuple[int, int]]):
    """A table of the user's own."""


class PointsOut(DataFrameEncoder):
    def __init__(self) -> None:
        super().__init__(Points, None, "points")

    async def encode(self, dataframe: DataFrame, structured_dataset_type: Any) -> StoredTable:
        async with File(f"{dataframe.uri}/points").open("w") as out:
            await out.write(repr(dataframe.val))
        return StoredTable(dataframe.uri or "", "points")


class PointsIn(DataFrameDecoder):
    def __init__(self) -> None:
        super().__init__(Points, None, "points", ["memory"])

    async def decode(self, flyte_value: Any, current_task_metadata: Any) -> AsyncIterator[Points]:
        text = File(f"{flyte_value.uri}/points").open("r").read()

        async def parts() -> AsyncIterator[Points]:
            for each in eval(text):
                yield Points([each])

        return parts()


def test_handlers_of_ones_own(own_handlers: None) -> None:
    DataFrameTransformerEngine.register(PointsOut())
    DataFrameTransformerEngine.register(PointsIn())
    with pytest.raises(DeclarationError, match="override"):
        DataFrameTransformerEngine.register(PointsOut())
    DataFrameTransformerEngine.register(PointsOut(), override=True)
    saved = DataFrame.from_df(Points([(1, 2), (3, 4)]), f"memory://{fresh_name()}/p").saved()
    assert saved.format == "points"
    back = DataFrame.from_dict(saved.to_dict()).open(Points)
    assert list(back.iter_sync()) == [[(1, 2)], [(3, 4)]]
    with pytest.raises(DeclarationError, match="DataFrameEncoder"):
        DataFrameTransformerEngine.register_for_protocol("x", "s3", False, False, False, False)  # type: ignore[arg-type]


def test_the_default_format_of_a_class(own_handlers: None) -> None:
    encoder = PointsOut()
    DataFrameTransformerEngine.register(encoder, default_for_type=True)
    assert DataFrameTransformerEngine.get_encoder(Points, "s3", "") is encoder
    assert DataFrameTransformerEngine.get_encoder(Points, "s3", "points") is encoder
    with pytest.raises(UsageError):
        DataFrameTransformerEngine.get_encoder(Points, "s3", "parquet")


def test_messages() -> None:
    engine = DataFrameTransformerEngine()
    uri = f"memory://{fresh_name()}/t"

    async def main() -> None:
        value = DataFrame.from_df(made(pd.DataFrame), uri)
        literal = await engine.to_literal(value, DataFrame, engine.get_literal_type(DataFrame))
        assert literal.scalar.structured_dataset.uri == uri
        assert literal.scalar.structured_dataset.metadata.structured_dataset_type.format == "parquet"
        back = await engine.to_python_value(literal, DataFrame)
        assert (type(back), back.uri, back.format) == (DataFrame, uri, "parquet")
        assert rows(await engine.to_python_value(literal, pl.DataFrame)) == rows(made(pl.DataFrame))
        assert rows(await engine.open_as(literal.scalar.structured_dataset, pa.Table, None)) == rows(made(pa.Table))
        assert await engine.dict_to_dataframe({"uri": uri}, DataFrame) == DataFrame(uri=uri)
        await value.set_literal(None)
        assert value.literal == literal
        encoded = await engine.encode(value, pd.DataFrame, "memory", "parquet", None)
        assert encoded == literal

    asyncio.run(main())
    assert engine.guess_python_type(engine.get_literal_type(DataFrame)) is DataFrame
    with pytest.raises(RuntimeDataValidationError):
        engine.assert_type(pd.DataFrame, 3)
    assert engine.isinstance_generic([1], list[int])


def test_html_is_escaped_and_short() -> None:
    page = DataFrameTransformerEngine().to_html(pa.table({"<n>": ["<script>"] * 60}), pa.Table)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 50


def test_a_renderer_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DataFrameTransformerEngine, "renderers", {})

    class Renderer:
        def to_html(self, df: Any) -> str:
            return f"<i>{len(df)}</i>"

    DataFrameTransformerEngine.register_renderer(Points, Renderer())
    assert DataFrameTransformerEngine().to_html(Points([(1, 2)]), Points) == "<i>1</i>"
