"""Rows for lists, maps and unions, whose items are literals of their own."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from flyteidl2.core.literals_pb2 import Literal, LiteralCollection, LiteralMap, Scalar, Union
from flyteidl2.core.types_pb2 import LiteralType, UnionType

from flytectl_py.values.annotations import arms_of, is_union, type_name
from flytectl_py.values.badvalue import BadValue, Faults
from flytectl_py.values.convert import describe, holds
from flytectl_py.wire import batches
from flytectl_py.wire.forms import Form, Transfer
from flytectl_py.wire.shown import shown_literal, shown_value

_PLAIN = (bool, int, float, str, types.NoneType)


def _item(annotation: Any) -> Any:
    return typing.get_args(annotation)[0]


def _write_list(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if not isinstance(value, list | tuple):
        raise BadValue(shown_value(value), "a list")
    item = _item(annotation)
    plain, form = transfer.find(item)
    written = batches.write_list(plain, value)
    if written is not None:
        return written
    literals = []
    faults = Faults()
    for at, each in enumerate(value):
        try:
            literals.append(form.write(plain, each, transfer))
        except BadValue as bad:
            faults.add(bad.inside(f"[{at}]"))
    if faults.found:
        faults.raise_all()
    return Literal(collection=LiteralCollection(literals=literals))


def _read_list(annotation: Any, literal: Literal, transfer: Transfer) -> list[Any]:
    if literal.WhichOneof("value") != "collection":
        raise BadValue(shown_literal(literal), "a list")
    plain, form = transfer.find(_item(annotation))
    read = batches.read_list(plain, literal.collection)
    if read is not None:
        return read
    values = []
    for at, each in enumerate(literal.collection.literals):
        try:
            values.append(form.read(plain, each, transfer))
        except BadValue as bad:
            raise bad.inside(f"[{at}]") from bad.__cause__
    return values


LIST = Form(
    matches=lambda annotation: typing.get_origin(annotation) is list,
    tag="Typed List",
    type_of=lambda annotation, transfer: LiteralType(collection_type=transfer.type_of(_item(annotation))),
    write=_write_list,
    read=_read_list,
)


def _is_map(annotation: Any) -> bool:
    """A dict with text for keys; others travel as one piece."""
    return typing.get_origin(annotation) is dict and typing.get_args(annotation)[0] is str


def _write_map(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    if not isinstance(value, Mapping):
        raise BadValue(shown_value(value), "a dict")
    plain, form = transfer.find(typing.get_args(annotation)[1])
    written = batches.write_map(plain, value)
    if written is not None:
        return written
    literals: dict[str, Literal] = {}
    for key, each in value.items():
        place = f"[{key!r}]"
        if not isinstance(key, str):
            raise BadValue(shown_value(key), "text", path=f"{place} (key)")
        try:
            literals[key] = form.write(plain, each, transfer)
        except BadValue as bad:
            raise bad.inside(place) from bad.__cause__
    return Literal(map=LiteralMap(literals=literals))


def _read_map(annotation: Any, literal: Literal, transfer: Transfer) -> dict[str, Any]:
    if literal.WhichOneof("value") != "map":
        raise BadValue(shown_literal(literal), "a dict")
    plain, form = transfer.find(typing.get_args(annotation)[1])
    # Maps have no order on the wire; by name, so that every reader sees the same.
    read = batches.read_map(plain, literal.map.literals)
    if read is not None:
        return read
    values = {}
    for key, each in sorted(literal.map.literals.items()):
        try:
            values[key] = form.read(plain, each, transfer)
        except BadValue as bad:
            raise bad.inside(f"[{key!r}]") from bad.__cause__
    return values


MAP = Form(
    matches=_is_map,
    tag="Typed Dict",
    type_of=lambda annotation, transfer: LiteralType(map_value_type=transfer.type_of(typing.get_args(annotation)[1])),
    write=_write_map,
    read=_read_map,
)


def _union_type(annotation: Any, transfer: Transfer) -> LiteralType:
    variants = [transfer.variant(arm) for arm in transfer.once(arms_of, annotation)]
    return LiteralType(union_type=UnionType(variants=variants))


def _write_union(annotation: Any, value: Any, transfer: Transfer) -> Literal:
    """As the arm of exactly its type, else one that holds it, else the first that takes it (an int as a float)."""
    arms = transfer.once(arms_of, annotation)
    kind = type(value)
    exact = [arm for arm in arms if (types.NoneType if arm is None else arm) is kind]
    likely = exact or [arm for arm in arms if kind not in _PLAIN and holds(arm, value)]
    for arm in [*likely, *arms]:
        try:
            written = transfer.write(arm, value)
        except BadValue:
            continue
        return Literal(scalar=Scalar(union=Union(value=written, type=transfer.variant(arm))))
    raise BadValue(shown_value(value), describe(annotation))


def _read_union(annotation: Any, literal: Literal, transfer: Transfer) -> Any:
    """As the arm that the literal names, else the first that takes it."""
    arms = transfer.once(arms_of, annotation)
    if literal.WhichOneof("value") == "scalar" and literal.scalar.WhichOneof("value") == "union":
        given = literal.scalar.union.type
        literal = literal.scalar.union.value
        exact = [arm for arm in arms if transfer.variant(arm) == given]
        tagged = [arm for arm in arms if transfer.find(arm)[1].tag == given.structure.tag]
        arms = [*(exact or tagged), *arms]
    refused: dict[str, BadValue] = {}
    for arm in arms:
        try:
            return transfer.read(arm, literal)
        except BadValue as bad:
            refused.setdefault(type_name(arm), bad)
    details = "; ".join(f"{name}: {bad.fragment()}" for name, bad in refused.items())
    raise BadValue(shown_literal(literal), type_name(annotation), detail=details)


UNION = Form(matches=is_union, tag="union", type_of=_union_type, write=_write_union, read=_read_union)
