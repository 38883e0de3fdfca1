"""An import as it stands in the text of a module, and when it happens."""

from __future__ import annotations

from typing import Literal, NamedTuple

When = Literal["eager", "optional", "lazy", "typing", "main"]
"""``eager``: while the module is loaded. ``optional``: so too, and a failure is caught. ``lazy``: when a function is
called. ``typing``: for type checkers only. ``main``: when the file is the program."""


class Import(NamedTuple):
    """One import statement.

    :param module: as written, without leading dots; may be empty where there are some.
    :param names: what ``from … import`` takes out of it; empty for a plain import.
    :param level: the number of leading dots.
    """

    module: str
    names: tuple[str, ...]
    level: int
    line: int
    when: When
