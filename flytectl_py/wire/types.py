"""Annotations to the types of an interface."""

from __future__ import annotations

from typing import Any

from flyteidl2.core.types_pb2 import LiteralType

from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.table import find, find_whole


def literal_type(annotation: Any) -> LiteralType:
    """Return the type of `annotation`, which is the whole of an input or output."""
    plain, form = find_whole(annotation)
    return form.type_of(plain, Transfer(find))
