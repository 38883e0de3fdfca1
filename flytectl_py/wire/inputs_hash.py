"""The name of a run's inputs by content, where values have a hash: one file under two URIs is one input."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral


def inputs_hash(inputs: Inputs) -> str:
    """Return what stands for these inputs in a cache, as clients of Flyte 2 name them; empty where no value has a hash.

    Base64 of the SHA-256 over ``name:content;`` of each input. The content is a value's own hash, or its message.
    """
    if not any(_is_hashed(each.value) for each in inputs.literals):
        return ""
    return content_hash(inputs.literals)


def content_hash(literals: Iterable[NamedLiteral]) -> str:
    """Return the same of any inputs, whether their values have hashes or not."""
    return hashed(b"".join(each.name.encode() + b":" + _content(each.value) + b";" for each in literals))


def hashed(content: bytes) -> str:
    """Return the base64 of the SHA-256 of `content`."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _content(literal: Literal) -> bytes:
    if literal.hash:
        return bytes(literal.hash.encode())
    if not _is_hashed(literal):
        return bytes(literal.SerializeToString(deterministic=True))
    if literal.HasField("collection"):
        return b"".join(_content(each) for each in literal.collection.literals)
    if literal.HasField("map"):
        return b"".join(key.encode() + b":" + _content(each) for key, each in sorted(literal.map.literals.items()))
    return _content(literal.scalar.union.value)


def _is_hashed(literal: Literal) -> bool:
    """Whether the literal, or one inside it, has a hash of its own."""
    if literal.hash:
        return True
    held: Any = ()
    if literal.HasField("collection"):
        held = literal.collection.literals
    elif literal.HasField("map"):
        held = literal.map.literals.values()
    elif literal.HasField("scalar") and literal.scalar.HasField("union"):
        held = (literal.scalar.union.value,)
    return any(_is_hashed(each) for each in held)
