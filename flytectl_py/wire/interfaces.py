"""The interface of a task, as its signature declares it, to messages."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

from flyteidl2.core.interface_pb2 import Parameter, TypedInterface, Variable, VariableEntry, VariableMap
from flyteidl2.core.types_pb2 import LiteralType
from flyteidl2.task.common_pb2 import NamedParameter

from flytectl_py.model.interface import MISSING, Interface
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.literals import to_literal
from flytectl_py.wire.offload import Offload
from flytectl_py.wire.types import literal_type


class Returned(NamedTuple):
    """One output under the name that it has on the wire."""

    name: str
    annotation: Any


def outputs_of(interface: Interface) -> list[Returned]:
    """Return the outputs in order: the fields of a NamedTuple by their names, others as ``o0``, ``o1``, …

    A function without a return annotation has none.
    """
    if interface.returns is MISSING and all(output.annotation is MISSING for output in interface.outputs):
        return []
    fields = fields_of(interface.returns)
    return [
        Returned(fields[at] if fields else output.name, output.annotation)
        for at, output in enumerate(interface.outputs)
    ]


def fields_of(returns: Any) -> list[str]:
    """Return the names of a NamedTuple's fields; of any other annotation none."""
    kind = typing.get_origin(returns) or returns
    if isinstance(kind, type) and issubclass(kind, tuple):
        return list(getattr(kind, "_fields", ()))
    return []


def typed_interface(interface: Interface, descriptions: Mapping[str, str] | None = None) -> TypedInterface:
    """Return the interface as a message, its variables in the order of their names.

    :param descriptions: what the docstring says of each input.
    """
    said = descriptions or {}
    inputs = {
        each.name: Variable(type=literal_type(each.annotation), description=said.get(each.name, ""))
        for each in interface.inputs
    }
    outputs = {each.name: Variable(type=literal_type(each.annotation)) for each in outputs_of(interface)}
    return TypedInterface(inputs=_variables(inputs), outputs=_variables(outputs))


def _variables(named: dict[str, Variable]) -> VariableMap:
    return VariableMap(variables=[VariableEntry(key=name, value=named[name]) for name in sorted(named)])


def pickled(interface: Interface) -> dict[str, str]:
    """Return the inputs and outputs that travel as a pickle, whole or in part, and the text of the type that does.

    Only those that might do better: not ``Any`` and bytes, nor a Literal, whose values are plain.
    """
    declared = [*((each.name, each.annotation) for each in interface.inputs), *outputs_of(interface)]
    named = {name: _pickled_part(literal_type(annotation)) for name, annotation in declared}
    return {name: text for name, text in named.items() if text}


_FINE = ("typing.Any", "<class 'bytes'>", "<class 'bytearray'>", "typing.Literal[")


def _pickled_part(kind: LiteralType) -> str:
    if kind.HasField("union_type"):
        if "python_class_name" in kind.metadata:
            name = str(kind.metadata["python_class_name"])
            return "" if name.startswith(_FINE) else name
        return next(filter(None, map(_pickled_part, kind.union_type.variants)), "")
    if kind.HasField("collection_type"):
        return _pickled_part(kind.collection_type)
    return _pickled_part(kind.map_value_type) if kind.HasField("map_value_type") else ""


def default_inputs(interface: Interface, offload: Offload | None = None) -> list[NamedParameter]:
    """Return the inputs that have a default, in the order of the signature.

    :raises BadValue: a default is no value of its annotation; its `path` starts with the input's name.
    """
    parameters = []
    for each in interface.inputs:
        if each.required:
            continue
        try:
            default = to_literal(each.annotation, each.default, offload)
        except BadValue as bad:
            raise bad.inside(f"{each.name} (default)") from bad.__cause__
        parameter = Parameter(var=Variable(type=literal_type(each.annotation)), default=default)
        parameters.append(NamedParameter(name=each.name, parameter=parameter))
    return parameters
