"""The one encoding that everything is put into before it is hashed: tagged, length-prefixed, canonical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from flytectl_py.errors import UsageError

Value: TypeAlias = "bool | int | str | bytes | Sequence[Value] | Mapping[str, Value] | None"


def encode(value: Value) -> bytes:
    """Return the canonical bytes of `value`; no two different values have the same, and none is a prefix of another's.

    A value is ``<tag><length>:<payload>``: the tag is one ASCII letter, the length is that of the payload in bytes, in
    decimal without leading zeros. The tags: ``n`` nothing, ``b`` a boolean (``0`` or ``1``), ``i`` an integer
    (decimal), ``s`` text (UTF-8, normal form untouched), ``x`` bytes, ``l`` a list (its items one after another),
    ``m`` a mapping (key, value, key, value …, sorted by the UTF-8 bytes of the keys).

    :raises UsageError: text that is not valid Unicode (lone surrogates).
    :raises TypeError: a value of another type. There are no floats: their spelling is not canonical.
    """
    if value is None:
        return b"n0:"
    if isinstance(value, bool):
        return b"b1:1" if value else b"b1:0"
    if isinstance(value, int):
        return _framed(b"i", b"%d" % value)
    if isinstance(value, str):
        return _framed(b"s", _utf8(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _framed(b"x", bytes(value))
    if isinstance(value, (list, tuple)):
        return _framed(b"l", b"".join([encode(item) for item in value]))
    if isinstance(value, Mapping):
        return _framed(b"m", _pairs(value))
    raise TypeError(f"cannot encode {type(value).__name__} canonically: {value!r}")


def encode_record(kind: str, fields: Mapping[str, Value]) -> bytes:
    """Return the canonical bytes of a thing of `kind` with named fields: tag ``r``, the kind, then as in a mapping.

    Records, too, can stand one after another and be told apart.

    :raises UsageError: text that is not valid Unicode.
    """
    return _framed(b"r", encode(kind) + _pairs(fields))


def _pairs(fields: Mapping[str, Value]) -> bytes:
    for name in fields:
        if not isinstance(name, str):
            raise TypeError(f"cannot encode the key {name!r}: keys are text")
    # Code points and their UTF-8 bytes sort alike.
    return b"".join([encode(name) + encode(fields[name]) for name in sorted(fields)])


def _framed(tag: bytes, payload: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(payload), payload)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} is not valid Unicode", hint="use text that can be written as UTF-8") from error
