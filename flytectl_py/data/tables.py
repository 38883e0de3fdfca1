"""Tables written to files and read from them: Parquet or CSV, here or in a store."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from flytectl_py.data.arrow import from_arrow, pyarrow, to_arrow
from flytectl_py.data.places import Stores
from flytectl_py.data.transfer import file_exists, files_below
from flytectl_py.errors import UsageError
from flytectl_py.model.files import File, last_part
from flytectl_py.model.tables import DataFrame

FORMATS = ("parquet", "csv")
PART = "00000"
"""Name of the one file that a table is written to, below its URI: a table may have several, as other writers make."""

BATCH_ROWS = 64 << 10


def format_of(table: DataFrame) -> str:
    """Return ``parquet`` or ``csv``: what it says, else what the ending of its URI says, else Parquet.

    :raises UsageError: it says something else.
    """
    named = table.format or ("csv" if (table.uri or "").lower().endswith((".csv", ".csv.gz")) else "parquet")
    if named not in FORMATS:
        raise UsageError(f"a table of format {named!r} cannot be read or written", hint=f"it is one of {FORMATS}")
    return named


def is_file_name(uri: str) -> bool:
    """Whether a table at `uri` is one file, by its ending; else it is a folder of files."""
    return last_part(uri).lower().endswith((".parquet", ".csv", ".csv.gz", ".pq"))


def written(table: DataFrame, uri: str) -> DataFrame:
    """Write the table that is in memory to `uri` and return the reference to it."""
    form = format_of(table)
    content = to_arrow(table.val)
    arrow = pyarrow()
    file: File[Any] = File(uri if is_file_name(uri) else f"{uri.rstrip('/')}/{PART}")
    with file.open("wb", compression="infer") as out:
        if form == "csv":
            arrow.csv.write_csv(content, out)
        else:
            arrow.parquet.write_table(content, out)
    return DataFrame(uri=uri, metadata=table.metadata, format=form, hash=table.hash)


def loaded(stores: Stores, table: DataFrame, kind: Any) -> Any:
    """Return all rows of a table that is written, as one of `kind`."""
    arrow = pyarrow()
    columns = table.column_names() or None
    parts = [_read(arrow, path, table, columns) for path in _parts(stores, table)]
    whole = parts[0] if len(parts) == 1 else arrow.concat_tables(parts, promote_options="default")
    return from_arrow(whole, kind)


def batches(stores: Stores, table: DataFrame, kind: Any) -> Iterator[Any]:
    """Yield the rows of a table that is written in batches, each a table of `kind`."""
    arrow = pyarrow()
    columns = table.column_names() or None
    for path in _parts(stores, table):
        if format_of(table) == "csv":
            with File(path).open("rb", compression="infer") as stream:
                reader = arrow.csv.open_csv(stream, convert_options=_chosen(arrow, columns))
                for batch in reader:
                    yield from_arrow(arrow.Table.from_batches([batch]), kind)
            continue
        with File(path).open("rb") as stream:
            for batch in arrow.parquet.ParquetFile(stream).iter_batches(BATCH_ROWS, columns=columns):
                yield from_arrow(arrow.Table.from_batches([batch]), kind)


def split(value: Any, kind: Any) -> Iterator[Any]:
    """Yield the rows of a table in memory in batches, each a table of `kind`."""
    content = to_arrow(value)
    for start in itertools.count(0, BATCH_ROWS):
        if start and start >= content.num_rows:
            return
        yield from_arrow(content.slice(start, BATCH_ROWS), kind)


def converted(value: Any, kind: Any) -> Any:
    """Return a table in memory as one of `kind`; itself where it is one."""
    if kind is None or (isinstance(kind, type) and isinstance(value, kind)):
        return value
    return from_arrow(to_arrow(value), kind)


def _read(arrow: Any, path: str, table: DataFrame, columns: list[str] | None) -> Any:
    with File(path).open("rb", compression="infer") as stream:
        if format_of(table) == "csv":
            return arrow.csv.read_csv(stream, convert_options=_chosen(arrow, columns))
        return arrow.parquet.ParquetFile(stream).read(columns=columns)


def _chosen(arrow: Any, columns: list[str] | None) -> Any:
    return arrow.csv.ConvertOptions(include_columns=columns or [])


def _parts(stores: Stores, table: DataFrame) -> list[str]:
    uri = table.uri or ""
    if not is_file_name(uri):
        # Spark and others leave notes beside their files.
        found = [path for path in files_below(stores, uri, deep=True) if last_part(path)[0] not in "._"]
        if found:
            return found
    if not file_exists(stores, uri):
        from flytectl_py.storage.api import ObjectMissingError

        raise ObjectMissingError(f"cannot read the table at {uri}: there is no such file or folder", where=uri)
    return [uri]
