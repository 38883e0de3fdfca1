"""Where a key stands in the text of a file in TOML: at its example, else at the end of its section."""

from __future__ import annotations

import tomllib
from typing import Any

from flytectl_py.config import checks
from flytectl_py.config.template import KEYS, toml_text


def same_key(one: str, other: str) -> bool:
    """Whether two spellings are of one key."""
    return checks.plain(one) == checks.plain(other)


def with_room_for(text: str, section: str, name: str) -> str:
    """Return `text` with a number under a key that is missing, where the key belongs.

    That is where its example is, which it replaces; else the end of its section, which the comment above the next one
    is no part of. Where neither can be told the text stays as it is.
    """
    said = tomllib.loads(text)
    if not isinstance(said.get(section), dict) or any(same_key(each, name) for each in said[section]):
        return text
    wanted = {**said, section: {**said[section], name: 0}}
    lines = text.splitlines(keepends=True)
    bounds = _bounds(lines, section)
    if bounds is None:
        return text
    start, end = bounds
    ending = "\r\n" if lines[start - 1].endswith("\r\n") else "\n"
    key = f"{name} = 0{ending}"
    for number in range(start, end):
        if lines[number].startswith(f"# {name} = "):
            # Within a text of several lines it is no example.
            return _if_it_says([*lines[:number], key, *lines[number + 1 :]], wanted) or text
    while end < len(lines) and end > start and lines[end - 1].startswith("#"):
        end -= 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += ending
    return _if_it_says([*lines[:end], key, *lines[end:]], wanted) or text


def with_example_of(text: str, key: str) -> str:
    """Return `text` with the example of a key that was taken out, below the line of a new file about it, where that is.

    :param key: ``section.key``.
    """
    section, _, name = key.partition(".")
    meaning, example = KEYS[key]
    lines = text.splitlines(keepends=True)
    start, end = _bounds(lines, section) or (0, 0)
    for number in range(start, end):
        if lines[number].rstrip() == f"# {meaning}":
            if any(line.startswith(f"# {name} = ") for line in lines[number + 1 : number + 2]):
                return text
            ending = "\r\n" if lines[number].endswith("\r\n") else "\n"
            lines[number] = f"# {meaning}{ending}# {name} = {toml_text(example)}{ending}"
            return _if_it_says(lines, tomllib.loads(text)) or text
    return text


def _bounds(lines: list[str], section: str) -> tuple[int, int] | None:
    """Return the first line of a section after its head, and the line after its last; None where it has no head."""
    heads = [number for number, line in enumerate(lines) if line.startswith("[")]
    for number, following in zip(heads, [*heads[1:], len(lines)], strict=True):
        if lines[number].split("#")[0].strip() == f"[{section}]":
            return number + 1, following
    return None


def _if_it_says(lines: list[str], wanted: dict[str, Any]) -> str | None:
    """Return the text of the lines, or None where it does not say what is wanted."""
    text = "".join(lines)
    try:
        return text if tomllib.loads(text) == wanted else None
    except tomllib.TOMLDecodeError:
        return None
