"""Trees of lines: drawn with box characters on a terminal, folded to its width, and with plain ones elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from flytectl_py.cli.output import results_stream


class Branch(NamedTuple):
    """A line, and what is below it."""

    text: str
    below: tuple[Branch, ...] = ()

    @classmethod
    def of(cls, text: str, below: Sequence[Branch | str] = ()) -> Self:
        """Return a branch; a text below it is one without anything below."""
        return cls(text, tuple(each if isinstance(each, Branch) else Branch(each) for each in below))


class Signs(NamedTuple):
    """What a tree is drawn with."""

    fork: str
    last: str
    trunk: str
    gap: str = "    "


BOXES = Signs("├── ", "└── ", "│   ")
PLAIN = Signs("|-- ", "`-- ", "|   ")


def shown(*trees: Branch) -> str:
    """Return trees, one below the other, as they are drawn where stdout leads."""
    if not results_stream().isatty():
        return "\n".join(drawn(each, PLAIN) for each in trees)
    boxes = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    columns = shutil.get_terminal_size().columns
    return "\n".join(drawn(each, BOXES if boxes else PLAIN, columns) for each in trees)


def drawn(tree: Branch, signs: Signs, columns: int = 0) -> str:
    """Return a tree as lines.

    :param columns: to which lines are folded, between words; 0 for not at all. A word that is wider stays whole.
    """
    return "\n".join([*_folded(tree.text, "", "    " if columns else "", columns), *_below(tree, signs, "", columns)])


def _below(tree: Branch, signs: Signs, lead: str, columns: int) -> Iterator[str]:
    for number, each in enumerate(tree.below, start=1):
        last = number == len(tree.below)
        follow = lead + (signs.gap if last else signs.trunk)
        below = signs.trunk if each.below else signs.gap
        yield from _folded(each.text, lead + (signs.last if last else signs.fork), follow + below, columns)
        yield from _below(each, signs, follow, columns)


def _folded(text: str, first: str, rest: str, columns: int) -> list[str]:
    import textwrap

    line = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    if not columns or len(first) + len(line) <= columns:
        return [first + line]
    return textwrap.wrap(
        line,
        max(columns, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
