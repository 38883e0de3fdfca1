"""Rows for tables: our own DataFrame, which refers to one in a store, and the tables of pandas, polars and pyarrow."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flyteidl2.core.literals_pb2 import Literal, Scalar, StructuredDataset, StructuredDatasetMetadata
from flyteidl2.core.types_pb2 import LiteralType, StructuredDatasetType, TypeStructure

from flytectl_py.model.files import is_remote
from flytectl_py.values.annotations import class_named, origin_class, type_name
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_literal, shown_value

if TYPE_CHECKING:
    from flytectl_py.model.tables import DataFrame

TAG = "DataFrame Transformer"
# Where each library keeps its tables. None of them is imported for their sake: who has an annotation has the module.
_TABLES = (("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"), ("pyarrow", "Table"))
_is_ours = class_named("flytectl_py.model.tables", "DataFrame")


def is_reference(annotation: Any) -> bool:
    """Whether it is our own DataFrame."""
    return _is_ours(_bare(annotation))


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
    plain = _bare(annotation)
    if is_reference(annotation):
        kind.columns.extend(_columns(_annotations_of(origin_class(plain)), transfer))
    for said in getattr(annotation, "__metadata__", ()):
        if isinstance(said, str):
            kind.format = said
        elif isinstance(said, Mapping):
            kind.columns.extend(_columns(said, transfer))
    if is_reference(annotation):
        return LiteralType(structured_dataset_type=kind)
    # The table's class, which another client looks for; where a class says that it lives, pandas changes at times.
    structure = TypeStructure(tag=f"{plain.__module__}.{plain.__qualname__}")
    return LiteralType(structured_dataset_type=kind, structure=structure)


def _columns(named: Mapping[str, Any], transfer: Transfer) -> Iterator[StructuredDatasetType.DatasetColumn]:
    for name, each in named.items():
        yield StructuredDatasetType.DatasetColumn(name=name, literal_type=transfer.type_of(each))


def _annotations_of(kind: type[DataFrame]) -> Mapping[str, Any]:
    """Return the columns that a subclass names, those whose types can be told."""
    columns = kind.columns()
    if not columns:
        return {}
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):  # of names that are known to type checkers only
        hints = {}
    found = {name: hints.get(name, each) for name, each in columns.items()}
    return {name: each for name, each in found.items() if not isinstance(each, str)}


def _write(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if not is_frame(type(value)):
        raise BadValue(shown_value(value), f"a {type_name(_bare(annotation))}")
    table = placed(value, transfer)
    return literal_of(table.uri or "", table.format, table.hash)


def placed(value: Any, transfer: Transfer) -> DataFrame:
    """Return a table as one that is written, which goes to the store if it is not there.

    :raises BadValue: it must go to a store, and there is none; or there is nothing in it.
    """
    from flytectl_py.model.tables import DataFrame

    table = value if isinstance(value, DataFrame) else DataFrame.from_df(value)
    if table.val is None and not table.uri:
        raise BadValue("an empty DataFrame", "", detail="make it with DataFrame.from_df(df), or from a URI")
    if table.written and (transfer.offload is None or is_remote(table.uri or "")):
        return table
    return transfer.store(f"a {type(value).__name__}").put_table(table)


def literal_of(uri: str, spelling: str, digest: str | None = None) -> Literal:
    """Return the literal of a table that is written at `uri` in the format `spelling`."""
    metadata = StructuredDatasetMetadata(structured_dataset_type=StructuredDatasetType(format=spelling))
    return Literal(scalar=Scalar(structured_dataset=StructuredDataset(uri=uri, metadata=metadata)), hash=digest or None)


def _read(annotation: Any, literal: Literal, _transfer: Transfer) -> Any:
    held = literal.scalar.WhichOneof("value") if literal.WhichOneof("value") == "scalar" else None
    if held != "structured_dataset":
        raise BadValue(shown_literal(literal), f"a {type_name(_bare(annotation))}")
    from flytectl_py.model.tables import DataFrame

    dataset = literal.scalar.structured_dataset
    named = {"format": dataset.metadata.structured_dataset_type.format, "hash": literal.hash or None}
    kind = origin_class(_bare(annotation))
    if is_reference(annotation):
        return kind(uri=dataset.uri or None, **named)
    from flytectl_py.model.world import the_data

    return the_data().load_table(DataFrame(uri=dataset.uri or None, **named), kind)


FRAME = Form(matches=is_frame, tag=TAG, type_of=_type_of, write=_write, read=_read)
