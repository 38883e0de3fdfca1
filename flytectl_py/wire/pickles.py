"""The row of last resort, which takes every annotation: Python's own pickle, in the message or in the store."""

from __future__ import annotations

import pickle
from typing import Any

from flyteidl2.core.literals_pb2 import Binary, Blob, BlobMetadata, Literal, Scalar
from flyteidl2.core.types_pb2 import BlobType, LiteralType, SimpleType, TypeStructure, UnionType
from google.protobuf.struct_pb2 import Struct

from flytectl_py.model.interface import MISSING
from flytectl_py.values.annotations import type_name
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_value

FORMAT = "PythonPickle"
TAG = "FlytePickle"
# Larger ones go to the store.
MOST_INSIDE = 10 * 1024


def _name(annotation: Any) -> str:
    """Return the name that stands in the type: Python's own text for it."""
    if annotation is MISSING:
        import inspect

        annotation = inspect.Parameter.empty
    return str(annotation)


def _type_of(annotation: Any, _transfer: Transfer) -> LiteralType:
    metadata = Struct()
    metadata["python_class_name"] = _name(annotation)
    structure = TypeStructure(tag=TAG)
    blob = LiteralType(blob=BlobType(format=FORMAT), structure=structure)
    binary = LiteralType(simple=SimpleType.BINARY, structure=structure)
    return LiteralType(union_type=UnionType(variants=[blob, binary]), metadata=metadata)


def _write(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    data = _pickled(annotation, value)
    if len(data) <= MOST_INSIDE:
        literal = Literal(scalar=Scalar(binary=Binary(value=data)))
    else:
        kept = transfer.store(f"{len(data)} bytes of pickle").put_bytes(data, "")
        literal = Literal(scalar=Scalar(blob=Blob(uri=kept.uri, metadata=BlobMetadata(type=BlobType(format=FORMAT)))))
    if isinstance(value, set | frozenset):
        literal.hash = _set_hash(value)
    return literal


def _set_hash(values: Any) -> str:
    """Return what names a set: its pickle has an order that differs between processes."""
    import hashlib

    try:
        ordered = sorted(values)
    except TypeError:
        ordered = sorted(values, key=lambda each: (type(each).__name__, repr(each)))
    return hashlib.md5(_pickled(list, ordered), usedforsecurity=False).hexdigest()


def _pickled(annotation: Any, value: Any) -> bytes:
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(value, protocol=5)
    except Exception as error:
        detail = f"it can be written neither as a value of Flyte's own nor as a pickle: {error}"
        raise BadValue(shown_value(value), type_name(annotation), detail=detail) from error
    return data


def is_pickle(literal: Literal) -> bool:
    """Whether a literal holds or names a pickle."""
    held = literal.scalar.WhichOneof("value") if literal.WhichOneof("value") == "scalar" else None
    if held == "binary":
        return literal.scalar.binary.tag in ("", "pickle")
    return held == "blob" and literal.scalar.blob.metadata.type.format == FORMAT


def pickled_bytes(literal: Literal, transfer: Transfer) -> bytes | None:
    """Return the pickle that a literal holds or names, or None where it is none."""
    if not is_pickle(literal):
        return None
    if literal.scalar.WhichOneof("value") == "binary":
        return bytes(literal.scalar.binary.value)
    return transfer.store("a pickle").get_bytes(literal.scalar.blob.uri)


def unpickled(data: bytes) -> Any:
    """Return what `data` stands for.

    :raises BadValue: it cannot be read here.
    """
    try:
        return pickle.loads(data)  # noqa: S301  # written by the same project's own tasks
    except Exception as error:
        detail = f"written by another version of Python, or of this code: {type(error).__name__}: {error}"
        raise BadValue("a pickle", "", detail=detail) from error


def _read(_annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    """A pickle; of other literals the value that they stand for without any annotation."""
    data = pickled_bytes(literal, transfer)
    if data is not None:
        return unpickled(data)
    from flytectl_py.wire.bare import bare_value

    return bare_value(literal)


PICKLE = Form(matches=lambda _annotation: True, tag=TAG, type_of=_type_of, write=_write, read=_read)
