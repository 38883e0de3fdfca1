"""What can be done with a DataFrame: write it, and read it whole or in parts, by its handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from flytectl_py.data import tables
from flytectl_py.data.places import Stores
from flytectl_py.data.table_engine import DataFrameTransformerEngine, scheme_of
from flytectl_py.data.table_handlers import BuiltInDecoder, StoredTable, format_in, registered
from flytectl_py.errors import UsageError
from flytectl_py.model.tables import DataFrame

_engine = DataFrameTransformerEngine()


def saved(table: DataFrame, new_path: Callable[[], str]) -> DataFrame:
    """Return `table`, written where it was not; it remembers where, and goes on holding what it has in memory.

    :raises UsageError: there is nothing to write.
    """
    if table.written:
        return table
    if table.val is None:
        raise UsageError("an empty DataFrame cannot be written", hint="make it with DataFrame.from_df(df)")
    uri = table.uri or new_path()
    encoder = _engine.get_encoder(type(table.val), scheme_of(uri), table.format)
    if registered.knows(type(table.val)):
        from flytectl_py.bridge import run_sync

        here = DataFrame(table.val, uri, table.metadata, format=table.format)
        stored = run_sync(lambda: encoder.encode(here, None))
        table.uri, table.format = stored.uri, format_in(stored) or encoder.supported_format
    else:
        done = tables.written(table, uri)
        table.uri, table.format = done.uri, done.format
    table.written = True
    return table


def whole(stores: Stores, table: DataFrame, kind: Any) -> Any:
    """Return all rows as a table of `kind`; what is in memory and of that kind already, itself."""
    if table.val is not None:
        return tables.converted(table.val, kind)
    wanted = _kind(table, kind)
    decoder = _decoder(table, wanted)
    if isinstance(decoder, BuiltInDecoder):
        return tables.loaded(stores, table, wanted)
    from flytectl_py.bridge import run_sync

    stored = StoredTable(table.uri or "", table.format, tuple(table.column_names()))
    return run_sync(lambda: _engine.open_as(stored, wanted, None))


def parts(stores: Stores, table: DataFrame, kind: Any) -> Iterator[Any]:
    """Yield the rows in batches, each a table of `kind`."""
    if table.val is not None:
        yield from tables.split(table.val, kind or type(table.val))
        return
    wanted = _kind(table, kind)
    if isinstance(_decoder(table, wanted), BuiltInDecoder):
        yield from tables.batches(stores, table, wanted)
        return
    from flytectl_py.bridge import run_sync

    async def gathered() -> list[Any]:
        stored = StoredTable(table.uri or "", table.format, tuple(table.column_names()))
        found: AsyncIterator[Any] = _engine.iter_as(stored, wanted, None)
        return [each async for each in found]

    yield from run_sync(gathered)


def _kind(table: DataFrame, kind: Any) -> Any:
    if not table.uri:
        raise UsageError("an empty DataFrame cannot be read", hint="make it with DataFrame.from_df(df), or from a URI")
    if kind is None:
        raise UsageError(
            f"the table at {table.uri} is to be read as what?", hint="say which class: df.open(pd.DataFrame)"
        )
    return kind


def _decoder(table: DataFrame, kind: Any) -> Any:
    return _engine.get_decoder(kind, scheme_of(table.uri or ""), table.format)
