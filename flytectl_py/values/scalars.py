"""Rows for int, float, str, bool, bytes and None, and for classes derived from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flytectl_py.values import jsontext
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

_DECIMAL = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*")
_PREFIXED = re.compile(r"[+-]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")
_BOOLS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_LONG = 500  # fewer hexadecimal digits than the least limit that Python allows, 640 decimal ones
_BASE64 = "base64:"
_FLOAT_NAMES = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}

AN_INTEGER = "an integer"
A_NUMBER = "a number"
A_TEXT = "text"
A_BOOL = "true or false"
SOME_BYTES = "text, taken as UTF-8, or base64:…"


def built(annotation: type, value: Any, got: str, takes: str) -> Any:
    """Return `value` as an instance of `annotation`, which is its own class or one derived from it."""
    if type(value) is annotation:
        return value
    try:
        return annotation(value)
    except Exception as error:
        raise BadValue(got, takes, detail=f"{annotation.__name__}: {error}") from error


def int_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    stripped = text.strip()
    if _PREFIXED.fullmatch(stripped):
        try:
            return built(annotation, int(stripped, 0), shown(text), AN_INTEGER)
        except ValueError:  # underscores in the wrong places
            raise BadValue(shown(text), AN_INTEGER) from None
    if not _DECIMAL.fullmatch(stripped):
        raise BadValue(shown(text), AN_INTEGER)
    try:
        number = int(stripped)
    except ValueError:
        raise BadValue(shown(text), AN_INTEGER, detail=jsontext.too_many_digits(stripped)) from None
    return built(annotation, number, shown(text), AN_INTEGER)


def int_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    # Only what is too long for decimal is written as a string; a short one may be meant as text.
    if type(data) is str and len(data) > _LONG and _PREFIXED.fullmatch(data):
        return int_from_text(annotation, data, conversion)
    if not isinstance(data, int) or isinstance(data, bool):
        detail = "an integer stands without quotes" if isinstance(data, str) and _DECIMAL.fullmatch(data) else ""
        raise BadValue(shown_json(data), AN_INTEGER, detail=detail)
    return built(annotation, data, shown_json(data), AN_INTEGER)


def int_to_text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # longer than this Python writes in decimal
        return hex(value)


def int_to_json(annotation: Any, value: Any, conversion: Conversion) -> Any:
    text = int_to_text(annotation, value, conversion)
    return text if "x" in text else int(value)


def float_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    try:
        number = float(text)
    except ValueError:
        raise BadValue(shown(text), A_NUMBER) from None
    if number in (float("inf"), float("-inf")) and any(character.isdigit() for character in text):
        raise BadValue(shown(text), A_NUMBER, detail="too large for a float")
    return built(annotation, number, shown(text), A_NUMBER)


def float_from_json(annotation: Any, data: Any, _conversion: Conversion) -> Any:
    if type(data) is str and data in _FLOAT_NAMES:
        return built(annotation, _FLOAT_NAMES[data], shown_json(data), A_NUMBER)
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise BadValue(shown_json(data), A_NUMBER)
    try:
        number = float(data)
    except OverflowError:
        raise BadValue(shown_json(data), A_NUMBER, detail="too large for a float") from None
    return built(annotation, number, shown_json(data), A_NUMBER)


def float_to_text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    return float.__repr__(value)


def float_to_json(_annotation: Any, value: Any, _conversion: Conversion) -> Any:
    if value != value:  # noqa: PLR0124  # NaN, without importing math
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def str_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    return built(annotation, text, shown(text), A_TEXT)


def str_from_json(annotation: Any, data: Any, _conversion: Conversion) -> Any:
    if not isinstance(data, str):
        raise BadValue(shown_json(data), A_TEXT, detail="text stands in double quotes")
    return built(annotation, data, shown_json(data), A_TEXT)


def str_to_text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    return str.__str__(value)


def bool_from_text(_annotation: Any, text: str, _conversion: Conversion) -> bool:
    value = _BOOLS.get(text.strip().lower())
    if value is None:
        raise BadValue(shown(text), A_BOOL)
    return value


def bool_from_json(_annotation: Any, data: Any, _conversion: Conversion) -> bool:
    if not isinstance(data, bool):
        raise BadValue(shown_json(data), A_BOOL, detail="without quotes" if isinstance(data, str) else "")
    return data


def bytes_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    """Bytes are their text in UTF-8, or ``base64:`` and base64 (RFC 4648), the same in JSON as on a command line."""
    if text.startswith(_BASE64):
        import base64

        try:
            raw = base64.b64decode(text[len(_BASE64) :], validate=True)
        except ValueError as error:
            raise BadValue(shown(text), SOME_BYTES, detail=f"not base64: {error}") from None
        return built(annotation, raw, shown(text), SOME_BYTES)
    try:
        # A command line that is not UTF-8 reaches Python as surrogates (PEP 383); this gives back the bytes typed.
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise BadValue(shown(text), SOME_BYTES, detail=f"not UTF-8 at character {error.start + 1}") from None
    return built(annotation, raw, shown(text), SOME_BYTES)


def bytes_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    if not isinstance(data, str):
        raise BadValue(shown_json(data), SOME_BYTES)
    return bytes_from_text(annotation, data, conversion)


def bytes_to_text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    try:
        text = bytes(value).decode()
    except UnicodeDecodeError:
        text = ""
    if (text or not value) and (text.isprintable() and not text.startswith(_BASE64)):
        return text
    import base64

    return _BASE64 + base64.b64encode(value).decode()


def none_from_text(_annotation: Any, text: str, _conversion: Conversion) -> None:
    if text.strip() not in ("null", "None"):
        raise BadValue(shown(text), "null")


def none_from_json(_annotation: Any, data: Any, _conversion: Conversion) -> None:
    if data is not None:
        raise BadValue(shown_json(data), "null")


def _derived(base: type) -> Callable[[Any], bool]:
    return lambda annotation: isinstance(annotation, type) and issubclass(annotation, base)


def _of_class(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    return type(value) is annotation


INT = Family(
    matches=_derived(int),
    takes=AN_INTEGER,
    metavar="INT",
    example=lambda _annotation, _conversion: 3,
    from_text=int_from_text,
    from_json=int_from_json,
    holds=_of_class,
    to_json=int_to_json,
    to_text=int_to_text,
)
FLOAT = Family(
    matches=_derived(float),
    takes=A_NUMBER,
    metavar="FLOAT",
    example=lambda _annotation, _conversion: 0.5,
    from_text=float_from_text,
    from_json=float_from_json,
    holds=_of_class,
    to_json=float_to_json,
    to_text=float_to_text,
)
STR = Family(
    matches=_derived(str),
    takes=A_TEXT,
    metavar="TEXT",
    example=lambda _annotation, _conversion: "text",
    from_text=str_from_text,
    from_json=str_from_json,
    holds=_of_class,
    to_json=str_to_text,
    to_text=str_to_text,
)
BOOL = Family(
    matches=lambda annotation: annotation is bool,
    takes=A_BOOL,
    metavar="BOOL",
    example=lambda _annotation, _conversion: True,
    from_text=bool_from_text,
    from_json=bool_from_json,
    holds=_of_class,
    to_json=lambda _annotation, value, _conversion: value,
    to_text=lambda _annotation, value, _conversion: "true" if value else "false",
    choices=lambda _annotation, _conversion: ["true", "false"],
)
BYTES = Family(
    matches=_derived(bytes),
    takes=SOME_BYTES,
    metavar="BYTES",
    example=lambda _annotation, _conversion: "text",
    from_text=bytes_from_text,
    from_json=bytes_from_json,
    holds=_of_class,
    to_json=bytes_to_text,
    to_text=bytes_to_text,
)
NONE = Family(
    matches=lambda annotation: annotation is type(None),
    takes="null",
    metavar="null",
    example=lambda _annotation, _conversion: None,
    from_text=none_from_text,
    from_json=none_from_json,
    holds=_of_class,
    to_json=lambda _annotation, value, _conversion: value,
    to_text=lambda _annotation, _value, _conversion: "null",
    choices=lambda _annotation, _conversion: ["null"],
)

SCALARS: tuple[tuple[Any, Family], ...] = (
    (int, INT),
    (str, STR),
    (float, FLOAT),
    (bool, BOOL),
    (bytes, BYTES),
    (None, NONE),
    (type(None), NONE),
)
"""The rows that need nothing else, by their one class: most inputs of most tasks."""
