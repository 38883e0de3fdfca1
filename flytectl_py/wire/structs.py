"""The row for structures and untyped dicts: msgpack in one piece, with a JSON schema in the type."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable
from typing import Any, NamedTuple

from flyteidl2.core.literals_pb2 import Binary, Literal, Scalar
from flyteidl2.core.types_pb2 import LiteralType, SimpleType, TypeAnnotation, TypeStructure
from google.protobuf.struct_pb2 import Struct

from flytectl_py.values.annotations import origin_class
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_literal, shown_value

MSGPACK = "msgpack"
_DATACLASS = "Object-Dataclass-Transformer"
_MODEL = "Pydantic Transformer"


def _struct(schema: dict[str, Any] | None, tag: str) -> LiteralType:
    """Return the type of a structure; without a schema that of an untyped dict."""
    annotation = TypeAnnotation()
    annotation.annotations["cache-key-metadata"] = {"serialization-format": MSGPACK}
    made = LiteralType(simple=SimpleType.STRUCT, annotation=annotation)
    if schema is not None:
        made.metadata.CopyFrom(Struct())
        made.metadata.update(schema)
    if tag:
        made.structure.CopyFrom(TypeStructure(tag=tag))
    return made


def _pack(data: Any) -> Literal:
    import msgpack

    return Literal(scalar=Scalar(binary=Binary(value=msgpack.packb(data), tag=MSGPACK)))


def _unpack(literal: Literal) -> Any:
    """Return the plain data of a literal, of msgpack or protobuf's Struct."""
    held = literal.scalar.WhichOneof("value") if literal.WhichOneof("value") == "scalar" else None
    if held == "generic":
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(literal.scalar.generic)
    if held != "binary" or literal.scalar.binary.tag != MSGPACK:
        raise BadValue(shown_literal(literal), "a structure")
    import msgpack

    try:
        return msgpack.unpackb(literal.scalar.binary.value, strict_map_key=False)
    except Exception as error:
        raise BadValue(shown_literal(literal), "msgpack", detail=f"{type(error).__name__}: {error}") from error


def _kind(annotation: Any) -> Any:
    kind = origin_class(annotation)
    return kind if isinstance(kind, type) else None


def _is_dataclass(annotation: Any) -> bool:
    kind = _kind(annotation)
    return kind is not None and dataclasses.is_dataclass(kind)


def _is_model(annotation: Any) -> bool:
    kind = _kind(annotation)
    return kind is not None and hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_validate")


def _is_named_tuple(annotation: Any) -> bool:
    kind = _kind(annotation)
    return kind is not None and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _is_typed_dict(annotation: Any) -> bool:
    return hasattr(origin_class(annotation), "__required_keys__")


def _is_fixed_tuple(annotation: Any) -> bool:
    arguments = typing.get_args(annotation)
    return typing.get_origin(annotation) is tuple and bool(arguments) and Ellipsis not in arguments


def _is_dict(annotation: Any) -> bool:
    return origin_class(annotation) is dict


def _type_of(annotation: Any, tag: str, transfer: Transfer) -> LiteralType:
    from flytectl_py.wire.json_schema import schema_of

    return _struct(schema_of(annotation, transfer), tag)


def _write(annotation: Any, value: Any, transfer: Transfer, *, json: bool) -> Any:
    from flytectl_py.wire.plain_writing import DATACLASSES, MODELS, Writing

    return Writing(MODELS if json else DATACLASSES, transfer).write(annotation, value)


def _read(annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    from flytectl_py.wire.plain_reading import Reading

    return Reading(transfer).read(annotation, _unpack(literal))


class Known(NamedTuple):
    """Part of an ``Annotated``: the type that a cluster knows, serialised."""

    kind: bytes


def known(annotation: Any) -> Any:
    """Return the type that stands in an ``Annotated``, or None."""
    found = next((each for each in getattr(annotation, "__metadata__", ()) if isinstance(each, Known)), None)
    return None if found is None else LiteralType.FromString(found.kind)


MODEL = Form(
    matches=_is_model,
    tag=_MODEL,
    type_of=lambda annotation, transfer: _type_of(annotation, _MODEL, transfer),
    write=lambda annotation, value, transfer: _pack(_write(annotation, value, transfer, json=True)),
    read=_read,
)


def _write_known(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    plain, kind = annotation.__origin__, known(annotation)
    if not _is_typed_dict(plain):
        return transfer.write(plain, value)
    return _pack(_write(plain, value, transfer, json=kind.structure.tag != _DATACLASS))


# A structure whose class is not here, but its type is, and with it the spelling that its code reads.
KNOWN = Form(
    matches=lambda annotation: known(annotation) is not None,
    tag="",
    type_of=lambda annotation, _transfer: known(annotation),
    write=_write_known,
    read=lambda annotation, literal, transfer: transfer.read(annotation.__origin__, literal),
)
DATACLASS = Form(
    matches=_is_dataclass,
    tag=_DATACLASS,
    type_of=lambda annotation, transfer: _type_of(annotation, _DATACLASS, transfer),
    write=lambda annotation, value, transfer: _pack(_write(annotation, value, transfer, json=False)),
    read=_read,
)
TYPED_DICT = Form(
    matches=_is_typed_dict,
    tag="TypedDict",
    type_of=lambda annotation, transfer: _type_of(annotation, _MODEL, transfer),
    write=lambda annotation, value, transfer: _pack(_write(annotation, value, transfer, json=True)),
    read=_read,
)


def _write_parts(parts: Iterable[tuple[str, str, Any, Any]], transfer: Transfer) -> Literal:
    """Write a map of parts, each its name, its path, its annotation and its value."""
    from flytectl_py.wire.plain_writing import MODELS, Writing

    writing = Writing(MODELS, transfer)
    return _pack({name: writing.inside(path, annotation, value) for name, path, annotation, value in parts})


def _write_named_tuple(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    """As a map of its fields, while one inside a structure is a list."""
    kind = origin_class(annotation)
    if not isinstance(value, kind):
        raise BadValue(shown_value(value), f"a {kind.__name__}")
    from flytectl_py.values.structures import hints_of

    hints = hints_of(annotation)
    return _write_parts(
        ((name, f".{name}", hints.get(name, Any), getattr(value, name)) for name in kind._fields), transfer
    )


NAMED_TUPLE = Form(
    matches=_is_named_tuple,
    tag="NamedTuple",
    type_of=lambda annotation, transfer: _type_of(annotation, _MODEL, transfer),
    write=_write_named_tuple,
    read=_read,
)


def _write_tuple(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    kinds = typing.get_args(annotation)
    if not isinstance(value, tuple | list) or len(value) != len(kinds):
        raise BadValue(shown_value(value), f"a tuple of {len(kinds)}")
    pairs = enumerate(zip(kinds, value, strict=True))
    return _write_parts(((f"item_{at}", f"[{at}]", kind, each) for at, (kind, each) in pairs), transfer)


def _read_tuple(annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    from flytectl_py.wire.plain_reading import Reading

    data = _unpack(literal)
    if isinstance(data, dict):
        data = [data[name] for name in (f"item_{at}" for at in range(len(data))) if name in data]
    return Reading(transfer).read(annotation, data)


TUPLE = Form(
    matches=_is_fixed_tuple,
    tag="Typed Tuple",
    type_of=lambda annotation, transfer: _type_of(annotation, _MODEL, transfer),
    write=_write_tuple,
    read=_read_tuple,
)


def _write_dict(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if not isinstance(value, dict):
        raise BadValue(shown_value(value), "a dict")
    if not typing.get_args(annotation):
        try:
            return _pack(value)
        except Exception:  # noqa: BLE001  # what is wrong, and where, is said by the slower way below
            return _pack(_write(annotation, value, transfer, json=False))
    return _pack(_write(annotation, value, transfer, json=False))


def _read_dict(annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    data = _unpack(literal)
    if not typing.get_args(annotation) and isinstance(data, dict):
        return data
    from flytectl_py.wire.plain_reading import Reading

    return Reading(transfer).read(annotation, data)


DICT = Form(
    matches=_is_dict,
    tag="Typed Dict",
    type_of=lambda _annotation, _transfer: _struct(None, ""),
    write=_write_dict,
    read=_read_dict,
)
