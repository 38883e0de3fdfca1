"""Values to literals and back, by annotation."""

from __future__ import annotations

from typing import Any

from flyteidl2.core.literals_pb2 import Literal

from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.convert import holds
from flytectl_py.wire.containers import UNION
from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.offload import Offload
from flytectl_py.wire.pickles import PICKLE, pickled_bytes, unpickled
from flytectl_py.wire.shown import shown_literal, shown_value
from flytectl_py.wire.table import find, find_whole


def to_literal(annotation: Any, value: Any, offload: Offload | None = None) -> Literal:
    """Return the literal of `value`, the whole of an input or output.

    :param offload: where files here, tables and large pickles go.
    :raises BadValue: it is no value of `annotation`, or cannot travel; its `path` says where inside.
    """
    plain, form = find_whole(annotation)
    try:
        return form.write(plain, value, Transfer(find, offload))
    except RecursionError:
        raise BadValue(shown_value(value), "", detail="nested too deeply, or it holds itself") from None


def from_literal(annotation: Any, literal: Literal, offload: Offload | None = None) -> Any:
    """Return the value of `literal`, the whole of an input or output.

    :param offload: where tables and large pickles are fetched from.
    :raises BadValue: it is no value of `annotation`; its `path` says where inside.
    """
    plain, form = find_whole(annotation)
    transfer = Transfer(find, offload)
    try:
        return form.read(plain, literal, transfer)
    except BadValue:
        # A client that knows the type under another form, as a union or a pickle.
        if form is not UNION and _is_union(literal):
            return from_literal(annotation, literal.scalar.union.value, offload)
        data = pickled_bytes(literal, transfer)
        value = unpickled(data) if data is not None and form is not PICKLE else None
        if data is None or not holds(annotation, value):
            raise
        return value
    except RecursionError:
        raise BadValue(shown_literal(literal), "", detail="nested too deeply") from None


def _is_union(literal: Literal) -> bool:
    return bool(literal.WhichOneof("value") == "scalar" and literal.scalar.WhichOneof("value") == "union")
