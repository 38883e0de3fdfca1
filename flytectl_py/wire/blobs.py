"""Rows for files, folders and tables, which stay in a store; and how each stands inside a structure."""

from __future__ import annotations

from typing import Any

from flyteidl2.core.literals_pb2 import Blob, BlobMetadata, Literal, Scalar
from flyteidl2.core.types_pb2 import BlobType, LiteralType

from flytectl_py.model.references import json_schema
from flytectl_py.values.annotations import class_named, origin_class, type_name
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.files import local_path
from flytectl_py.wire import frames
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.frames import is_reference
from flytectl_py.wire.shown import shown_literal, shown_value

_SINGLE, _MULTIPART = BlobType.BlobDimensionality.SINGLE, BlobType.BlobDimensionality.MULTIPART

_is_file = class_named("flytectl_py.model.files", "File")
_is_dir = class_named("flytectl_py.model.files", "Dir")


def _write_blob(dimensionality: Any, annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if not isinstance(value, origin_class(annotation)):
        raise BadValue(shown_value(value), f"a {type_name(annotation)}")
    uri, digest = placed(value, transfer)
    metadata = BlobMetadata(type=BlobType(format=getattr(value, "format", "") or "", dimensionality=dimensionality))
    literal = Literal(scalar=Scalar(blob=Blob(uri=uri, metadata=metadata)))
    if digest:
        literal.hash = digest
    return literal


def placed(value: Any, transfer: Transfer) -> tuple[str, str | None]:
    """Return the URI and the hash of a file or folder, which is uploaded if it is here and there is a store."""
    digest = getattr(value, "hash", None)
    if value.is_remote or transfer.offload is None:
        return value.path, digest
    path = local_path(value.path)
    kept = transfer.offload.put_folder(path) if _is_dir(type(value)) else transfer.offload.put_file(path)
    return kept.uri, digest or kept.hash


def _read_blob(annotation: Any, literal: Literal, _transfer: Transfer) -> Any:
    held = literal.scalar.WhichOneof("value") if literal.WhichOneof("value") == "scalar" else None
    if held != "blob":
        raise BadValue(shown_literal(literal), f"a {type_name(annotation)}")
    blob = literal.scalar.blob
    return _made(annotation, blob.uri, format=blob.metadata.type.format, hash=literal.hash or None)


def _made(annotation: Any, path: str, **more: Any) -> Any:
    """Return a reference of the annotation's class, with as much of `more` as the class knows."""
    kind = origin_class(annotation)
    known = {name: value for name, value in more.items() if name in _parameters(kind)}
    return kind(path, **known)


def _parameters(kind: Any) -> frozenset[str]:
    import dataclasses

    if dataclasses.is_dataclass(kind):
        return frozenset(field.name for field in dataclasses.fields(kind) if field.init)
    import inspect

    return frozenset(inspect.signature(kind).parameters)


def _blob_type(dimensionality: Any) -> Any:
    return lambda _annotation, _transfer: LiteralType(blob=BlobType(dimensionality=dimensionality))


FILE = Form(
    matches=_is_file,
    tag="File",
    type_of=_blob_type(_SINGLE),
    write=lambda annotation, value, transfer: _write_blob(_SINGLE, annotation, value, transfer),
    read=_read_blob,
)
DIR = Form(
    matches=_is_dir,
    tag="Dir",
    type_of=_blob_type(_MULTIPART),
    write=lambda annotation, value, transfer: _write_blob(_MULTIPART, annotation, value, transfer),
    read=_read_blob,
)


def fields_of(value: Any, transfer: Transfer) -> dict[str, Any]:
    """Return a file, folder or table as plain data, as it stands inside a structure.

    :raises BadValue: it is none of them.
    """
    if is_reference(type(value)):
        table = frames.placed(value, transfer)
        return {"uri": table.uri, "format": table.format}
    if not _is_file(type(value)) and not _is_dir(type(value)):
        raise BadValue(shown_value(value), "a file or folder")
    uri, digest = placed(value, transfer)
    return {"path": uri, "name": value.name, "format": getattr(value, "format", "") or "", "hash": digest}


def from_fields(annotation: Any, data: Any) -> Any:
    """Return the file, folder or table that plain data stands for.

    :raises BadValue: it stands for none.
    """
    if isinstance(data, str):
        return origin_class(annotation)(data)
    path = data.get("path", data.get("uri")) if isinstance(data, dict) else None
    if not isinstance(path, str) or not path:
        raise BadValue(shown_value(data), f"a {type_name(annotation)}")
    if is_reference(annotation):
        return origin_class(annotation)(uri=path, format=data.get("format") or "", hash=data.get("hash"))
    return _made(annotation, path, format=data.get("format") or "", hash=data.get("hash"))


def part_schema(annotation: Any) -> dict[str, Any]:
    """Return the JSON schema of a file, folder or table inside a structure."""
    return json_schema("DataFrame" if is_reference(annotation) else "Dir" if _is_dir(annotation) else "File")
