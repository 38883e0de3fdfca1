"""The help of a command: one screen, the examples first, as wide as the terminal; bold headings where there is one."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flytectl_py.cli.description import Description
from flytectl_py.cli.options import Option

_WIDEST = 100
_FIRST_COLUMN = 26
"""The most that the names of options take before what is said of them moves to the next line."""

COMMANDS = "Commands"
"""The heading of the words of a command; a line is empty below them."""

AS_EVERYWHERE = "Options of every command, as -c, --endpoint, --json, -q, -v: flyte --help"


class Section(NamedTuple):
    """A heading, and rows of two columns below it."""

    title: str
    rows: Sequence[tuple[str, str]]


def screen(described: Description) -> str:
    """Return the help of a command."""
    sections = [Section(title, [as_row(each) for each in options]) for title, options in described.groups().items()]
    if len(described.words) > 1:
        words = [(f"{name} {each.takes}".rstrip(), each.sentence) for name, each in described.words.items()]
        sections.insert(0, Section(COMMANDS, words))
    return laid_out(described, sections, [AS_EVERYWHERE])


def laid_out(described: Description, sections: Iterable[Section], closing: Iterable[str]) -> str:
    """Return a screen: the sentence, the examples, the usage line, the notes; `sections`, and lines of `closing`."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    parts = ["\n".join(_lines(described.sentence, width))]
    examples = [(each.line, each.about) for each in described.examples]
    if examples:
        parts.append("\n".join([heading("Examples"), *_examples(examples, width)]))
    usages = [f"{heading('Usage')} {described.usage}", *(f"  or:  {each}" for each in _further_usages(described))]
    parts.append("\n".join(line for each in usages for line in _wrapped(each, width, "  ")))
    parts += ["\n".join(_lines(each, width)) for each in described.notes]
    some = [each for each in sections if each.rows]
    column = _column([first for each in some for first, _ in each.rows], width)
    blocks = ["\n".join([heading(each.title), *_table(each.rows, column, width)]) for each in some]
    commands = 1 if some and some[0].title == COMMANDS else 0
    parts += [*blocks[:commands], "\n".join(blocks[commands:])]
    parts += ["\n".join(part for line in each.split("\n") for part in _wrapped(line, width, "  ")) for each in closing]
    return "\n\n".join(part for part in parts if part)


def _further_usages(described: Description) -> list[str]:
    """Return the usage line of the one word that a command has beside what it takes; of several all are listed."""
    return [described.of_word(name).usage for name in described.words] if len(described.words) == 1 else []


def as_row(option: Option) -> tuple[str, str]:
    """Return what an option's line says: its names, and what it does with its default and variable."""
    names = ", ".join(sorted(option.names, key=lambda name: name.startswith("--"))).replace("/", " / ")
    beside = [f"default: {option.default}"] if option.default else []
    beside += [f"${option.env}"] if option.env else []
    return (
        f"{names} {option.metavar or ''}".rstrip(),
        f"{option.help}  [{'; '.join(beside)}]" if beside else option.help,
    )


def _column(firsts: Sequence[str], width: int) -> int:
    """Return how wide the first of two columns is, the same for every section of a screen."""
    limit = min(_FIRST_COLUMN, max(width // 2 - 4, 8))
    return max((len(each) for each in firsts if len(each) <= limit), default=limit)


def _table(rows: Sequence[tuple[str, str]], column: int, width: int) -> list[str]:
    """Return rows in two columns; the second one is wrapped, and moves down where the first one is too long."""
    lines = []
    for first, second in rows:
        said = _lines(second, max(width - column - 4, 10))
        if len(first) > column or not said:
            lines += _wrapped(f"  {first}", width, "    ")
        else:
            lines.append(f"  {first:<{column}}  {said.pop(0)}")
        lines += [" " * (column + 4) + each for each in said]
    return lines


def _examples(rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Return examples with what they do beside them, or below where that does not fit."""
    column = max((len(line) for line, about in rows if about and len(line) + len(about) + 4 <= width), default=0)
    lines = []
    for line, about in rows:
        if about and max(len(line), column) + len(about) + 4 <= width:
            lines.append(f"  {line:<{column}}  {about}")
        else:
            lines += _wrapped(f"  {line}", width, "    ")
            lines += _lines(about, width, "      ", "      ")
    return lines


def _lines(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return a text folded between words; what is typed has dashes, and is not broken at these."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    first = text[: len(text) - len(text.lstrip())]
    return _lines(text.lstrip(), width, first, first + indent) or [""]


def heading(title: str) -> str:
    """Return a heading, bold where a person sees it."""
    on_terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[1m{title}:\x1b[0m" if on_terminal else f"{title}:"
