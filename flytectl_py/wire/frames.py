"""Rows for tables: our own DataFrame, which refers to one in a store, and the tables of pandas, polars and pyarrow."""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from typing import Any

from flyteidl2.core.literals_pb2 import Literal, Scalar, StructuredDataset, StructuredDatasetMetadata
from flyteidl2.core.types_pb2 import LiteralType, StructuredDatasetType, TypeStructure

from flytectl_py.values.annotations import origin_class, type_name
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_literal, shown_value

FORMAT = "parquet"
TAG = "DataFrame Transformer"
# Where each library keeps its tables. None of them is imported for their sake: who has an annotation has the module.
_TABLES = (("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"), ("pyarrow", "Table"))


def is_reference(annotation: Any) -> bool:
    """Whether it is our own DataFrame."""
    ours = getattr(sys.modules.get("flytectl_py.model.files"), "DataFrame", None)
    kind = origin_class(_bare(annotation))
    return ours is not None and isinstance(kind, type) and issubclass(kind, ours)


def is_table(annotation: Any) -> bool:
    """Whether it is the table of a library."""
    kind = _bare(annotation)
    if not isinstance(kind, type):
        return False
    tables = (getattr(sys.modules.get(module), name, None) for module, name in _TABLES)
    return any(table is not None and issubclass(kind, table) for table in tables)


def is_frame(annotation: Any) -> bool:
    """Whether it is any table. What an ``Annotated`` says of one, its format and columns, belongs to its type."""
    return is_reference(annotation) or is_table(annotation)


def _bare(annotation: Any) -> Any:
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = annotation.__origin__
    return annotation


def _type_of(annotation: Any, transfer: Transfer) -> LiteralType:
    kind = StructuredDatasetType()
    for said in getattr(annotation, "__metadata__", ()):
        if isinstance(said, str):
            kind.format = said
        elif isinstance(said, Mapping):
            for name, each in said.items():
                column = StructuredDatasetType.DatasetColumn(name=name, literal_type=transfer.type_of(each))
                kind.columns.append(column)
    plain = _bare(annotation)
    if is_reference(annotation):
        return LiteralType(structured_dataset_type=kind)
    # The table's class, which another client looks for; where a class says that it lives, pandas changes at times.
    structure = TypeStructure(tag=f"{plain.__module__}.{plain.__qualname__}")
    return LiteralType(structured_dataset_type=kind, structure=structure)


def _write(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if is_reference(type(value)) and value.uri:
        return _literal(value.uri, value.format or "", value.hash)
    if not is_frame(type(value)):
        raise BadValue(shown_value(value), f"a {type_name(_bare(annotation))}")
    kept = transfer.store(f"a {type(value).__name__}").put_frame(value, FORMAT)
    return _literal(kept.uri, FORMAT, kept.hash)


def _literal(uri: str, spelling: str, digest: str | None) -> Literal:
    metadata = StructuredDatasetMetadata(structured_dataset_type=StructuredDatasetType(format=spelling))
    return Literal(scalar=Scalar(structured_dataset=StructuredDataset(uri=uri, metadata=metadata)), hash=digest or None)


def _read(annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    held = literal.scalar.WhichOneof("value") if literal.WhichOneof("value") == "scalar" else None
    if held != "structured_dataset":
        raise BadValue(shown_literal(literal), f"a {type_name(_bare(annotation))}")
    dataset = literal.scalar.structured_dataset
    spelling = dataset.metadata.structured_dataset_type.format
    kind = origin_class(_bare(annotation))
    if is_reference(annotation):
        return kind(uri=dataset.uri, format=spelling, hash=literal.hash or None)
    return transfer.store("a table").get_frame(dataset.uri, spelling or FORMAT, kind)


FRAME = Form(matches=is_frame, tag=TAG, type_of=_type_of, write=_write, read=_read)
