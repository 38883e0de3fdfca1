"""Conditions: actions that run nothing, and pause until somebody tells them their value."""

from __future__ import annotations

from typing import Any, Final

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.core.types_pb2 import SimpleType
from flyteidl2.workflow.run_definition_pb2 import ConditionAction

from flytectl_py.machine.phases import SUCCEEDED
from flytectl_py.machine.services.serving import Service

_PRIMITIVES: Final = {
    "integer": SimpleType.INTEGER, "float_value": SimpleType.FLOAT, "string_value": SimpleType.STRING,
    "boolean": SimpleType.BOOLEAN, "datetime": SimpleType.DATETIME, "duration": SimpleType.DURATION,
}  # fmt: skip
_OF_PAYLOADS: Final = {
    "bool_value": "boolean", "int_value": "integer", "float_value": "float_value", "string_value": "string_value",
}  # fmt: skip


class Conditions(Service):
    """What both services do that tell a condition its value."""

    def tell(self, identifier: Any, value: Literal) -> None:
        """End a condition with its value; its parent hears of it.

        :raises ConnectError: there is no such action, it is no condition or has ended, or the value is of another type.
        """
        row = self.action(identifier)
        if row["kind"] != "condition":
            raise ConnectError(Code.FAILED_PRECONDITION, f"action {row['name']} is no condition: it takes no value")
        wanted = ConditionAction.FromString(row["spec"]).type
        found = _PRIMITIVES.get(str(value.scalar.primitive.WhichOneof("value")))
        if wanted.HasField("simple") and found != wanted.simple:
            kind, given = SimpleType.Name(wanted.simple), "no such value" if found is None else SimpleType.Name(found)
            raise ConnectError(
                Code.INVALID_ARGUMENT, f"condition {row['name']} takes a value of type {kind}, and this is {given}"
            )
        if not self.plane.progress.end(row, SUCCEEDED, value=value.SerializeToString()):
            raise ConnectError(Code.FAILED_PRECONDITION, f"condition {row['name']} has ended")
        self.wake()


def literal_of(payload: Any) -> Literal:
    """Return the value of an EventPayload.

    :raises ConnectError: it has none.
    """
    kind = payload.WhichOneof("value")
    if kind is None:
        raise ConnectError(Code.INVALID_ARGUMENT, "a condition is signalled with a value")
    made = Literal()
    setattr(made.scalar.primitive, _OF_PAYLOADS[kind], getattr(payload, kind))
    return made
