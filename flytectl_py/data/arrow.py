"""Tables of pandas, polars and pyarrow, turned into each other: pyarrow's are what all of them are made of and from."""

from __future__ import annotations

from typing import Any, cast

from flytectl_py.errors import NotReadyError, UsageError

INSTALL = "pip install 'flytectl-py[dataframe]'"
LIBRARIES = ("pandas", "polars", "pyarrow")


def library_of(kind: Any) -> str:
    """Return which library a class of tables is of: ``pandas``, ``polars`` or ``pyarrow``.

    :raises UsageError: of none.
    """
    library = str(getattr(kind, "__module__", "")).partition(".")[0]
    name = getattr(kind, "__name__", "")
    if (library, name) not in {
        ("pandas", "DataFrame"),
        ("polars", "DataFrame"),
        ("polars", "LazyFrame"),
        ("pyarrow", "Table"),
    }:
        raise UsageError(
            f"{getattr(kind, '__qualname__', kind)!s} is no class of tables that is known",
            hint="use DataFrame of pandas or polars, LazyFrame of polars, Table of pyarrow, or register an encoder and "
            "a decoder with flyte.io.DataFrameTransformerEngine",
        )
    return library


def pyarrow() -> Any:
    """Return the module, with those that tables are read and written with.

    :raises NotReadyError: it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise NotReadyError(f"tables need {error.name or error}, which is not installed", hint=INSTALL) from error
    return pa


def to_arrow(value: Any) -> Any:
    """Return `value`, a table of one of the libraries, as pyarrow's."""
    library = library_of(type(value))
    if library == "pandas":
        return pyarrow().Table.from_pandas(value)
    if library == "polars":
        pyarrow()
        return (value.collect() if hasattr(value, "collect") else value).to_arrow()
    return value


def from_arrow(table: Any, kind: Any) -> Any:
    """Return pyarrow's `table` as one of `kind`."""
    library = library_of(kind)
    if library == "pandas":
        return table.to_pandas()
    if library == "polars":
        import polars as pl

        frame = cast(pl.DataFrame, pl.from_arrow(table))
        return frame.lazy() if issubclass(kind, pl.LazyFrame) else frame
    return table
