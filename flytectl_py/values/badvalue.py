"""The one error of this room: a value that an input does not take, and all that a good message about it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from flytectl_py.errors import UsageError

T = TypeVar("T")

_SHOWN = 60
_LISTED = 10


class BadValue(UsageError):  # what it carries, not that it is an error, is its name
    """A value that an input does not take.

    :param got: what was given, ready to show: text in quotes, JSON as JSON; empty where a part is missing.
    :param takes: what is taken, in words.
    :param example: a text that would be taken for the whole input, not quoted for any shell.
    :param detail: what exactly is wrong with it, if more can be said.
    :param path: where inside the input, e.g. ``[2].name``; empty for the whole of it.
    :param faults: each single fault, where a composite has more than one.
    """

    def __init__(
        self,
        got: str,
        takes: str,
        *,
        example: str = "",
        detail: str = "",
        path: str = "",
        faults: Sequence[BadValue] = (),
    ) -> None:
        self.got = got
        self.takes = takes
        self.example = example
        self.detail = detail
        self.path = path
        self.faults = tuple(faults)
        super().__init__(self.sentence())

    def __reduce__(self) -> tuple[Any, ...]:
        keywords = (self.example, self.detail, self.path, self.faults)
        return _rebuild, (self.got, self.takes, *keywords)

    def sentence(self, option: str = "") -> str:
        """Return the message, for an input that is called `option`.

        ``--x: got 'abc'; takes an integer, e.g. --x 3``. The example is quoted for a shell where `option` starts
        with a dash, and is plain JSON or text otherwise.
        """
        text = "; ".join(fault.fragment() for fault in self.faults[:_LISTED]) if self.faults else self.fragment()
        if len(self.faults) > _LISTED:
            text += f"; and {len(self.faults) - _LISTED} more"
        if self.example:
            text += f", e.g. {_as_argument(option, self.example)}"
        return f"{option}: {text}" if option else text

    def fragment(self) -> str:
        """Return place, what was got and what is taken, without an example."""
        what = self.detail
        if self.got:
            what = f"got {self.got} ({self.detail})" if self.detail else f"got {self.got}"
        said = "; ".join(part for part in (what, f"takes {self.takes}" if self.takes else "") if part)
        return f"{self.path}: {said}" if self.path else said

    def inside(self, path: str) -> BadValue:
        """Return the same fault, seen from the value that holds this one at `path`."""
        faults = [fault.inside(path) for fault in self.faults]
        return BadValue(
            self.got, self.takes, example=self.example, detail=self.detail, path=path + self.path, faults=faults
        )

    def with_example(self, example: str) -> BadValue:
        """Return the same fault with another example."""
        return BadValue(self.got, self.takes, example=example, detail=self.detail, path=self.path, faults=self.faults)


def _rebuild(got: str, takes: str, example: str, detail: str, path: str, faults: Sequence[BadValue]) -> BadValue:
    return BadValue(got, takes, example=example, detail=detail, path=path, faults=faults)


def _as_argument(option: str, example: str) -> str:
    if not option.startswith("-"):
        return example
    import shlex

    # A shell would take `--x -5` apart; with an equals sign it stays one word.
    joint = "=" if example.startswith("-") else " "
    return f"{option}{joint}{shlex.quote(example)}"


class Faults:
    """Collects what is wrong with the parts of one value, so that all of it can be said at once."""

    def __init__(self) -> None:
        self.found: list[BadValue] = []

    def attempt(self, path: str, convert: Callable[..., T], *args: Any) -> T | None:
        """Return ``convert(*args)``, or keep its fault, seen from outside, and return None."""
        try:
            return convert(*args)
        except BadValue as bad:
            self.add(bad.inside(path))
            return None

    def add(self, bad: BadValue) -> None:
        """Keep one more fault."""
        self.found.extend(bad.faults or (bad,))

    def raise_all(self) -> NoReturn:
        """Raise the faults that were found, as one error."""
        if len(self.found) == 1:
            raise self.found[0]
        raise BadValue("", "", faults=self.found)


def shown(text: str) -> str:
    """Return typed text as it stands in a message: quoted, and cut where it is long."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}… ({len(text)} characters)"


def shown_json(data: Any) -> str:
    """Return JSON data as it stands in a message: as JSON, and cut where it is long."""
    try:
        text = json.dumps(data, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(data).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
