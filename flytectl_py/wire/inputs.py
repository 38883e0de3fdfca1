"""The inputs and outputs of an action, as the files ``inputs.pb`` and ``outputs.pb`` hold them, to values and back."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any

from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs

from flytectl_py.errors import did_you_mean
from flytectl_py.model.interface import Interface
from flytectl_py.values.badvalue import BadValue, Faults
from flytectl_py.wire.interfaces import fields_of, outputs_of
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.offload import Offload
from flytectl_py.wire.shown import shown_value


class Recorded:
    """A value that is only known as its literal, such as a default that is a pickle; it is sent as it is.

    :param shown: JSON-able data that stands for it.
    """

    __slots__ = ("literal", "shown")

    def __init__(self, literal: Literal, shown: Any) -> None:
        self.literal = literal
        self.shown = shown

    def __repr__(self) -> str:
        return f"Recorded({self.shown!r})"


def inputs_message(interface: Interface, values: Mapping[str, Any], offload: Offload | None = None) -> Inputs:
    """Return the inputs in the order of the signature, defaults where `values` has none.

    :raises BadValue: values that are missing, unknown, or not of their annotations; each `path` starts with a name.
    """
    faults = Faults()
    names = [each.name for each in interface.inputs]
    for name in values:
        if name not in names:
            hint = did_you_mean(name, names) or f"known: {', '.join(names) or 'none'}"
            faults.add(BadValue("", "", detail=f"no such input; {hint}", path=name))
    literals = []
    for each in interface.inputs:
        if each.name not in values and each.required:
            faults.add(BadValue("", "", detail="the input is missing", path=each.name))
            continue
        value = values.get(each.name, each.default)
        if isinstance(value, Recorded):
            literals.append(NamedLiteral(name=each.name, value=value.literal))
            continue
        written = faults.attempt(each.name, to_literal, each.annotation, value, offload)
        literals.append(NamedLiteral(name=each.name, value=written))
    if faults.found:
        faults.raise_all()
    return Inputs(literals=literals)


def input_values(interface: Interface, inputs: Inputs, offload: Offload | None = None) -> dict[str, Any]:
    """Return the values of `inputs` by name, in the order of the signature; one that has none has its default.

    :raises BadValue: one is missing or not of its annotation; its `path` starts with the input's name.
    """
    given = _by_name(inputs.literals)
    values = {}
    for each in interface.inputs:
        if each.name in given:
            values[each.name] = _read(each.name, each.annotation, given[each.name], offload)
        elif each.required:
            raise BadValue("", "", detail="the input is missing", path=each.name)
        else:
            values[each.name] = each.default
    return values


def outputs_message(interface: Interface, returned: Any, offload: Offload | None = None) -> Outputs:
    """Return the outputs of a task that returned `returned`.

    :raises BadValue: not what it declares to return; the `path` starts with the output's name.
    """
    declared = outputs_of(interface)
    values = _items(interface, returned)
    if len(values) != len(declared):
        detail = f"{len(declared)} outputs are declared"
        raise BadValue(shown_value(returned), f"a tuple of {len(declared)}", detail=detail)
    literals = []
    for each, value in zip(declared, values, strict=True):
        try:
            written = to_literal(each.annotation, value, offload)
        except BadValue as bad:
            raise bad.inside(each.name) from bad.__cause__
        literals.append(NamedLiteral(name=each.name, value=written))
    return Outputs(literals=literals)


def output_values(interface: Interface, outputs: Outputs, offload: Offload | None = None) -> tuple[Any, ...]:
    """Return the values of `outputs` in the order in which they were returned.

    :raises BadValue: one is missing or not of its annotation; its `path` starts with the output's name.
    """
    given = _by_name(outputs.literals)
    values = []
    for each in outputs_of(interface):
        if each.name not in given:
            raise BadValue("", "", detail="the output is missing", path=each.name)
        values.append(_read(each.name, each.annotation, given[each.name], offload))
    return tuple(values)


def parse_outputs(data: bytes) -> Outputs:
    """Return what the bytes of an outputs.pb hold."""
    return Outputs.FromString(data)


def returned_value(interface: Interface, outputs: Outputs, offload: Offload | None = None) -> Any:
    """Return what the task returned: None, one value, a tuple, or the NamedTuple that it declares.

    :raises BadValue: as `output_values`.
    """
    values = output_values(interface, outputs, offload)
    if not outputs_of(interface):
        return None
    if not _is_several(interface):
        return values[0]
    fields = fields_of(interface.returns)
    return (typing.get_origin(interface.returns) or interface.returns)._make(values) if fields else values


def _is_several(interface: Interface) -> bool:
    """Whether the task returns a tuple of its outputs, be it of one, rather than its only output."""
    returns = interface.returns
    is_tuple = typing.get_origin(returns) is tuple and Ellipsis not in typing.get_args(returns)
    return len(interface.outputs) > 1 or is_tuple or bool(fields_of(returns))


def _items(interface: Interface, returned: Any) -> tuple[Any, ...]:
    if not outputs_of(interface):
        return ()
    if not _is_several(interface):
        return (returned,)
    if not isinstance(returned, tuple):
        raise BadValue(shown_value(returned), f"a tuple of {len(interface.outputs)}")
    return returned


def _by_name(literals: Iterable[NamedLiteral]) -> dict[str, Literal]:
    return {each.name: each.value for each in literals}


def _read(name: str, annotation: Any, literal: Literal, offload: Offload | None) -> Any:
    try:
        return from_literal(annotation, literal, offload)
    except BadValue as bad:
        raise bad.inside(name) from bad.__cause__
