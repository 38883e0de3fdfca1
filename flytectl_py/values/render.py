"""Values as a person reads them on a terminal."""

from __future__ import annotations

import json
from typing import Any

from flytectl_py.values.convert import to_json, to_text

_LINE = 100
_MOST = 20_000


def readable(value: Any, *, whole: bool = False) -> str:
    """Return `value` for a person: text as it is, a composite as JSON, on one line where that can be read.

    What is longer than 20 000 characters is cut, with a note of its full size.

    :param whole: nothing is cut, for who reads it is a file or a program.
    """
    text = value if isinstance(value, str) else _written(value)
    # A lone surrogate (from an undecodable file name) would break the stream that this is printed to.
    text = text.encode("utf-8", "backslashreplace").decode()
    if whole or len(text) <= _MOST:
        return text
    return f"{text[:_MOST]}\n… ({len(text):,} characters in all; --json prints them)"


def _written(value: Any) -> str:
    data = to_json(value)
    if isinstance(data, str):
        return to_text(value, type(value))
    if isinstance(data, dict) and set(data) == {"type", "repr"} and not isinstance(value, dict):
        return str(data["repr"])
    return _laid_out(data, "")


def _laid_out(data: Any, margin: str) -> str:
    """Return JSON on one line where it fits or holds no composites, else with one item on each line."""
    line = json.dumps(data, ensure_ascii=False)
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    if len(margin) + len(line) <= _LINE or not any(isinstance(item, dict | list) for item in items):
        return line
    inner = margin + "  "
    if isinstance(data, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, inner)}" for key, item in data.items()]
        opening, closing = "{", "}"
    else:
        parts = [_laid_out(item, inner) for item in data]
        opening, closing = "[", "]"
    lines = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{lines}\n{margin}{closing}"
