"""The headers of a tar archive (POSIX pax), as bytes: written canonically, read tolerantly. No input or output."""

from __future__ import annotations

from typing import NamedTuple

BLOCK = 512
MTIME = 315_532_800
"""1980-01-01T00:00:00Z, the earliest time that every archive format can hold."""
END = bytes(2 * BLOCK)
DIGEST_KEY = "FLYTECTL.bundle-digest"
RECIPE_KEY = "FLYTECTL.bundle-recipe"

REGULAR, FOLDER, PAX_GLOBAL, PAX_NEXT, GNU_LONG_NAME = b"0", b"5", b"g", b"x", b"L"

_NAME_BYTES, _PREFIX_BYTES = 100, 155
_LARGEST_OCTAL = 8**11 - 1
_TIME = b"%011o\0" % MTIME


class MalformedError(Exception):
    """Bytes that are no header; says why. Whoever knows the archive's name turns it into an error for the user."""


class RawHeader(NamedTuple):
    """What one 512-byte block says. `name` is as it stands there; a pax or GNU header before it may overrule it."""

    name: bytes
    mode: int
    size: int
    kind: bytes


def padding(size: int) -> int:
    """Return how many zero bytes follow a content of `size` bytes."""
    return -size % BLOCK


def global_header(digest: str, recipe: int) -> bytes:
    """Return the header that stands first and says which bundle this is."""
    return _pax(PAX_GLOBAL, b"pax_global_header", {DIGEST_KEY: digest, RECIPE_KEY: str(recipe)})


def file_header(path: str, size: int, *, executable: bool) -> bytes:
    """Return the header of a regular file; a pax header stands before it where the plain one cannot say all."""
    raw = path.encode()
    extra = {}
    split = _split(raw)
    if split is None or not raw.isascii():
        extra["path"] = path
    if size > _LARGEST_OCTAL:
        extra["size"] = str(size)
    prefix, name = split or (b"", raw[:_NAME_BYTES])
    header = _ustar(name, prefix, 0o755 if executable else 0o644, 0 if "size" in extra else size, REGULAR)
    return _pax(PAX_NEXT, b"././@PaxHeader", extra) + header if extra else header


def parse_header(block: bytes) -> RawHeader | None:
    """Return what a header block says, or None for a block of zeros, which ends the archive.

    :raises MalformedError: the block's checksum is wrong, or a number in it is none.
    """
    if not block.strip(b"\0"):
        return None
    if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 32:
        raise MalformedError("a header's checksum is wrong")
    name = _text(block[:_NAME_BYTES])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    kind = block[156:157]
    return RawHeader(name, _number(block[100:108]), _number(block[124:136]), REGULAR if kind == b"\0" else kind)


def parse_pax(data: bytes) -> dict[str, str]:
    """Return the records of a pax header. Values that are not UTF-8 keep their bytes as surrogates.

    :raises MalformedError: it is malformed.
    """
    records, at = {}, 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + 20)
        length = data[at:space] if space > 0 else b""
        if not length.isdigit():
            raise MalformedError("a pax header has no length")
        end = at + int(length)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end <= space + 1 or end > len(data) or not equals or data[end - 1 : end] != b"\n":
            raise MalformedError("a pax header is malformed")
        records[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        at = end
    return records


def _ustar(name: bytes, prefix: bytes, mode: int, size: int, kind: bytes) -> bytes:
    before = b"%b%07o\x000000000\x000000000\0%011o\0%b" % (name.ljust(_NAME_BYTES, b"\0"), mode, size, _TIME)
    after = b"%b%bustar\x0000%b0000000\x000000000\0%b%b" % (
        kind,
        bytes(100),
        bytes(64),
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    return b"%b%06o\0 %b" % (before, sum(before) + sum(after) + 8 * 32, after)


def _pax(kind: bytes, name: bytes, records: dict[str, str]) -> bytes:
    data = b"".join([_pax_record(key, records[key]) for key in sorted(records)])
    return _ustar(name, b"", 0o644, len(data), kind) + data + bytes(padding(len(data)))


def _pax_record(key: str, value: str) -> bytes:
    rest = b" %b=%b\n" % (key.encode(), value.encode())
    length = len(rest)
    while length != len(rest) + len(str(length)):  # the length counts its own digits
        length = len(rest) + len(str(length))
    return b"%d%b" % (length, rest)


def _split(path: bytes) -> tuple[bytes, bytes] | None:
    """Return prefix and name, cut at the first slash at which both fit, or None where they do not."""
    if len(path) <= _NAME_BYTES:
        return b"", path
    slash = path.find(b"/", len(path) - _NAME_BYTES - 1, _PREFIX_BYTES + 1)
    return None if slash < 1 else (path[:slash], path[slash + 1 :])


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU's base 256, for numbers that octal digits cannot hold
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise MalformedError("a number in a header is none")
    return int(digits, 8)
