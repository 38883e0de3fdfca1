"""Tables as flyteidl2 messages: the type of one, and the literal that names where one is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flyteidl2.core.literals_pb2 import Literal, Scalar, StructuredDataset, StructuredDatasetMetadata
from flyteidl2.core.types_pb2 import LiteralType, SimpleType, StructuredDatasetType

# Columns of other types are left out of the type: the file itself has them.
_SIMPLE = {
    int: SimpleType.INTEGER,
    float: SimpleType.FLOAT,
    str: SimpleType.STRING,
    bool: SimpleType.BOOLEAN,
    dt.datetime: SimpleType.DATETIME,
    dt.timedelta: SimpleType.DURATION,
}
_NAMED = {kind.__name__: simple for kind, simple in _SIMPLE.items()}


def dataset_type(columns: Mapping[str, Any], form: str) -> StructuredDatasetType:
    """Return the type of a table with `columns`, name -> Python type or its name, none for any, in format `form`."""
    simple = {name: _NAMED.get(kind) if isinstance(kind, str) else _SIMPLE.get(kind) for name, kind in columns.items()}
    return StructuredDatasetType(
        columns=[
            StructuredDatasetType.DatasetColumn(name=name, literal_type=LiteralType(simple=kind))
            for name, kind in simple.items()
            if kind is not None
        ],
        format=form,
    )


def literal_type_of(columns: Mapping[str, Any], form: str) -> LiteralType:
    """Return `dataset_type` as the type of an input or output."""
    return LiteralType(structured_dataset_type=dataset_type(columns, form))


def is_table_type(literal_type: LiteralType) -> bool:
    """Whether it is the type of a table."""
    return bool(literal_type.HasField("structured_dataset_type"))


def literal_of(uri: str, form: str, columns: Mapping[str, Any] | None = None) -> Literal:
    """Return the literal of a table that is written at `uri` in format `form`."""
    metadata = StructuredDatasetMetadata(structured_dataset_type=dataset_type(columns or {}, form))
    return Literal(scalar=Scalar(structured_dataset=StructuredDataset(uri=uri, metadata=metadata)))
