"""Files, folders and tables as inputs and outputs of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytectl_py.model.files import Dir, File, HashMethod
from flytectl_py.model.tables import DataFrame

if TYPE_CHECKING:
    from flytectl_py.data.table_engine import DataFrameTransformerEngine, lazy_import_dataframe_handler
    from flytectl_py.data.table_handlers import DataFrameDecoder, DataFrameEncoder, StoredTable

__all__ = [
    "DataFrame",
    "DataFrameDecoder",
    "DataFrameEncoder",
    "DataFrameTransformerEngine",
    "Dir",
    "File",
    "HashMethod",
    "StoredTable",
    "lazy_import_dataframe_handler",
]


def __getattr__(name: str) -> Any:
    # Whoever writes no handler of their own does without what makes them.
    if name in ("DataFrameDecoder", "DataFrameEncoder", "StoredTable"):
        from flytectl_py.data import table_handlers

        return getattr(table_handlers, name)
    if name in ("DataFrameTransformerEngine", "lazy_import_dataframe_handler"):
        from flytectl_py.data import table_engine

        return getattr(table_engine, name)
    raise AttributeError(f"module 'flyte.io' has no attribute '{name}'")
