"""A syntax tree as canonical bytes: the same for any layout and comments, and in every version of Python."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from flytectl_py.digest.framing import Value, encode, encode_record

_NOT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def encode_tree(node: ast.AST) -> bytes:
    """Return the canonical bytes of a syntax tree: each node's kind, and by name its fields that hold something.

    Positions do not count, nor the spelling of a constant (``0x10`` is ``16``, ``'a'`` is ``"a"``). Fields that hold
    nothing are left out, so that those which a later version of Python adds change nothing.
    """
    # Without recursion, as sums of a thousand terms and chains of a thousand elifs are deeper than Python's stack.
    nodes = [node]
    for each in nodes:
        nodes.extend(ast.iter_child_nodes(each))
    encoded: dict[int, bytes] = {}
    for each in reversed(nodes):  # What is inside a node comes after it.
        encoded[id(each)] = _encoded(each, encoded)
    return encoded[id(node)]


def _encoded(node: ast.AST, inner: Mapping[int, bytes]) -> bytes:
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.JoinedStr):
        # Some versions of Python end a format with an empty text.
        parts = [each for each in node.values if not (isinstance(each, ast.Constant) and each.value == "")]
        return encode_record("JoinedStr", {"values": [_field(each, inner) for each in parts]})
    fields = {
        name: _field(value, inner)
        for name, value in ast.iter_fields(node)
        if name not in _NOT_MEANING and value is not None and value != []
    }
    return encode_record(type(node).__name__, fields)


def _field(value: Any, inner: Mapping[int, bytes]) -> Value:
    if isinstance(value, ast.AST):
        return inner[id(value)]
    if isinstance(value, list):
        return [_field(item, inner) for item in value]
    return value if isinstance(value, bool | int | None) else _text(value)


def _constant(value: Any) -> bytes:
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int | bytes):
        return encode(value)
    return encode_record(kind, {"is": _text(value if isinstance(value, str) else repr(value))})


def _text(value: Any) -> bytes:
    # As Python reads it, a text may hold halves of characters.
    return str(value).encode("utf-8", "surrogatepass")
