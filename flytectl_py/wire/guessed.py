"""The interfaces and values of tasks whose code is not here, from what a cluster knows of them."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterable
from typing import Any

from flyteidl2.core.interface_pb2 import TypedInterface
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.core.types_pb2 import BlobType, LiteralType, SimpleType
from flyteidl2.task.common_pb2 import Inputs, NamedParameter

from flytectl_py.model.interface import MISSING, Input, Interface, Output
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.convert import to_json
from flytectl_py.wire.bare import bare_value
from flytectl_py.wire.guessed_structs import structure
from flytectl_py.wire.inputs import Recorded
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.pickles import FORMAT, TAG, is_pickle
from flytectl_py.wire.shown import shown_literal


def annotation_of(kind: LiteralType) -> Any:
    """Return an annotation for values of a type: what it was made of, as far as the type tells.

    A structure becomes a TypedDict of its JSON schema, a pickle ``Any``.
    """
    if kind.WhichOneof("type") == "enum_type" and kind.enum_type.values:
        return typing.Literal[tuple(kind.enum_type.values)]
    return _part(kind)


def _part(kind: LiteralType) -> Any:
    held = kind.WhichOneof("type")
    if held == "simple":
        return _simple(kind)
    if held == "collection_type":
        return list[_part(kind.collection_type)]  # type: ignore[misc]
    if held == "map_value_type":
        return dict[str, _part(kind.map_value_type)]  # type: ignore[misc]
    if held == "union_type":
        return _union(kind)
    if held == "enum_type":
        return _enum(list(kind.enum_type.values))
    if held == "blob":
        return _blob(kind.blob)
    if held == "structured_dataset_type":
        from flytectl_py.model.tables import DataFrame

        return DataFrame
    return Any


def _simple(kind: LiteralType) -> Any:
    import datetime as dt

    if kind.simple == SimpleType.STRUCT:
        return structure(kind)
    return {
        SimpleType.NONE: types.NoneType,
        SimpleType.INTEGER: int,
        SimpleType.FLOAT: float,
        SimpleType.STRING: str,
        SimpleType.BOOLEAN: bool,
        SimpleType.DATETIME: dt.date if kind.structure.tag == "date" else dt.datetime,
        SimpleType.DURATION: dt.timedelta,
    }.get(kind.simple, Any)


def _union(kind: LiteralType) -> Any:
    variants = list(kind.union_type.variants)
    if not variants or all(each.structure.tag == TAG for each in variants):
        return Any
    return typing.Union[tuple(_part(each) for each in variants)]  # noqa: UP007  # made of a tuple at run time


def _enum(names: list[str]) -> Any:
    """An enum of these names; text where they are no names that an enum may have."""
    try:
        return enum.Enum("Choice", {name: name for name in names})
    except (ValueError, TypeError):
        return str


def _blob(blob: BlobType) -> Any:
    from flytectl_py.model.files import Dir, File

    if blob.format == FORMAT:
        return Any
    return Dir if blob.dimensionality == BlobType.BlobDimensionality.MULTIPART else File


def interface_of(interface: TypedInterface, default_inputs: Iterable[NamedParameter] = ()) -> Interface:
    """Return the interface of a task that a cluster knows: inputs without a default first, by name.

    A default that cannot be read here, such as a pickle, is sent as it is: see `Recorded`.
    """
    defaults = {each.name: each.parameter.default for each in default_inputs}
    kinds = {each.key: each.value.type for each in interface.inputs.variables}
    order = [name for name in kinds if name not in defaults] + [name for name in defaults if name in kinds]
    inputs = []
    for name in order:
        annotation = annotation_of(kinds[name])
        default = _default(annotation, defaults[name], kinds[name]) if name in defaults else MISSING
        inputs.append(Input(name, annotation, default, positional=False))
    outputs = [
        Output(each.key, annotation_of(each.value.type))
        for each in sorted(interface.outputs.variables, key=lambda each: (len(each.key), each.key))
    ]
    returns: Any = None
    if outputs:
        returns = outputs[0].annotation if len(outputs) == 1 else tuple[tuple(each.annotation for each in outputs)]  # type: ignore[misc]
    return Interface(tuple(inputs), tuple(outputs), returns)


def with_given(interface: Interface, kinds: TypedInterface, inputs: Inputs) -> Interface:
    """Return an interface whose defaults are the inputs of a run, in their order; each is sent as it was."""
    types_of = {each.key: each.value.type for each in kinds.inputs.variables}
    left = {each.name: each for each in interface.inputs}
    given = []
    for each in inputs.literals:
        known = left.pop(each.name, None)
        if known is not None:
            given.append(known._replace(default=_exact(known.annotation, each.value, types_of[each.name])))
    return interface._replace(inputs=(*left.values(), *given))


def _exact(annotation: Any, literal: Literal, kind: LiteralType) -> Any:
    """Return the value of a literal if the same literal is written for it, else what stands for it."""
    value = _default(annotation, literal, kind)
    try:
        if isinstance(value, Recorded) or to_literal(annotation, value) == literal:
            return value
    except BadValue:  # such as a table, of which nothing is written without a place for it
        pass
    return Recorded(literal, plain_value(literal, kind))


def _default(annotation: Any, literal: Literal, kind: LiteralType) -> Any:
    if not holds_pickle(literal):
        try:
            return from_literal(annotation, literal)
        except BadValue:  # such as an enum whose values the type does not tell
            pass
    return Recorded(literal, plain_value(literal, kind))


def holds_pickle(literal: Literal) -> bool:
    """Whether a pickle is anywhere in a literal: reading one runs what whoever wrote it wanted to be run."""
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return any(holds_pickle(each) for each in literal.collection.literals)
    if kind == "map":
        return any(holds_pickle(each) for each in literal.map.literals.values())
    if kind == "scalar" and literal.scalar.WhichOneof("value") == "union":
        return holds_pickle(literal.scalar.union.value)
    return is_pickle(literal)


def plain_value(literal: Literal, kind: LiteralType | None = None) -> Any:
    """Return JSON-able data that shows what a literal holds, without its code. A file or table is its URI.

    :param kind: its type, which knows a tuple from a dict, and the class of a pickle.
    """
    held = literal.WhichOneof("value")
    if held == "collection":
        inner = kind.collection_type if kind is not None and kind.HasField("collection_type") else None
        return [plain_value(each, inner) for each in literal.collection.literals]
    if held == "map":
        inner = kind.map_value_type if kind is not None and kind.HasField("map_value_type") else None
        return {name: plain_value(each, inner) for name, each in sorted(literal.map.literals.items())}
    scalar = literal.scalar.WhichOneof("value") if held == "scalar" else None
    if scalar == "union":
        return plain_value(literal.scalar.union.value, literal.scalar.union.type)
    if is_pickle(literal):
        return _shown_pickle(literal, kind)
    if scalar == "blob":
        return literal.scalar.blob.uri
    if scalar == "structured_dataset":
        return literal.scalar.structured_dataset.uri
    try:
        value = bare_value(literal)
    except BadValue:
        return {"type": shown_literal(literal)}
    if isinstance(value, dict) and kind is not None and _title(kind) == "TupleWrapper_tuple":
        value = [value[name] for name in (f"item_{at}" for at in range(len(value))) if name in value]
    return to_json(value)


def _title(kind: LiteralType) -> Any:
    fields = kind.metadata.fields
    return fields["title"].string_value if "title" in fields else ""


def _shown_pickle(literal: Literal, kind: LiteralType | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "pickle"}
    if kind is not None and "python_class_name" in kind.metadata:
        shown["of"] = kind.metadata["python_class_name"]
    if literal.scalar.WhichOneof("value") == "blob":
        return {**shown, "uri": literal.scalar.blob.uri}
    return {**shown, "bytes": len(literal.scalar.binary.value)}
