"""JSON text: read strictly, with messages for people who typed it; written so that anything can read it."""

from __future__ import annotations

import json
import sys
from typing import Any


class NotJsonError(Exception):
    """The text is not JSON; the message says why, in words."""


def parse(text: str) -> Any:
    """Return what JSON `text` stands for. NaN, Infinity and -Infinity are read as floats.

    :raises NotJsonError: it is not JSON, an object has a key twice, a number is too large, or it is nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_int=_int, parse_float=_float)
    except json.JSONDecodeError as error:
        raise NotJsonError(_explain(text, error)) from None
    except RecursionError:
        raise NotJsonError("nested too deeply") from None


def dump(data: Any) -> str:
    """Return JSON-able `data` as one line of JSON."""
    return json.dumps(data, ensure_ascii=False)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJsonError(f"the key {json.dumps(twice, ensure_ascii=False)} stands there twice")
    return read


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise NotJsonError(too_many_digits(digits)) from None


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NotJsonError(f"the number {digits} is too large for a float")
    return number


def too_many_digits(digits: str) -> str:
    """Return what to say of a number that is longer than this Python reads."""
    count = sum(character.isdigit() for character in digits)
    return (
        f"a number of {count} digits; Python reads at most {sys.get_int_max_str_digits()}, or any number of 0x… digits"
    )


def _explain(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "it is empty"
    meant = _python_literal(text)
    if meant is not None:
        return f"that is Python, not JSON; did you mean {meant}"
    if error.msg.startswith("Extra data"):
        return f"JSON that ends at character {error.pos}, and goes on"
    if error.pos >= len(text.rstrip()):
        return "JSON that is not closed: it ends too early"
    if text[error.pos] == "'":
        return f"JSON needs double quotes, at character {error.pos + 1}"
    return f"not JSON: {error.msg[0].lower()}{error.msg[1:]}, at character {error.pos + 1}"


def _python_literal(text: str) -> str | None:
    """Return as JSON what was typed as Python (single quotes, True, None, tuples), or None if it is not that either."""
    if text.strip()[0] not in "[{('\"TFN":
        return None
    import ast
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return json.dumps(ast.literal_eval(text.strip()), ensure_ascii=False)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, Warning):
            return None
