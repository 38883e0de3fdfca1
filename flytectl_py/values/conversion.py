"""What a row of the converter's table consists of, and a conversion under way, through which rows reach each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from flytectl_py.values import jsontext
from flytectl_py.values.badvalue import BadValue, shown

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")

MAX_EXAMPLE_DEPTH = 3


class World(Protocol):
    """What a conversion asks of its surroundings."""

    def now(self) -> datetime:
        """Return this moment, aware, in the local time zone."""

    def is_file(self, path: str) -> bool:
        """Whether there is a file at the local `path`."""

    def is_dir(self, path: str) -> bool:
        """Whether there is a folder at the local `path`."""


def no_choices(_annotation: Any, _conversion: Conversion) -> list[str] | None:
    """A family whose values cannot be listed."""
    return None


def json_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    """The text of a family that is JSON on the command line."""
    return jsontext.dump(conversion.to_json(annotation, value))


class Family:
    """One row of the table: a family of annotations, and how its values are read and written.

    Every function gets the annotation first, unwrapped (no Annotated, NewType, alias), and the conversion last.

    :param matches: whether an annotation, or the type of a value, is of this family.
    :param takes: what it takes, in words, after "takes".
    :param metavar: what stands for a value in help.
    :param example: JSON data that it takes.
    :param from_text: what was typed -> value. :param from_json: JSON data -> value. Both raise BadValue, nothing else.
    :param holds: whether a value is one of the annotation's.
    :param to_json: value -> data that ``from_json`` takes back. :param to_text: value -> text for ``from_text``.
    :param choices: every text that it takes, if they can be listed.
    """

    __slots__ = (
        "choices",
        "example",
        "from_json",
        "from_text",
        "holds",
        "matches",
        "metavar",
        "takes",
        "to_json",
        "to_text",
    )

    def __init__(
        self,
        *,
        matches: Callable[[Any], bool],
        takes: str | Callable[[Any, Conversion], str],
        metavar: str | Callable[[Any, Conversion], str],
        example: Callable[[Any, Conversion], Any],
        from_text: Callable[[Any, str, Conversion], Any],
        from_json: Callable[[Any, Any, Conversion], Any],
        holds: Callable[[Any, Any, Conversion], bool],
        to_json: Callable[[Any, Any, Conversion], Any],
        to_text: Callable[[Any, Any, Conversion], str] = json_text,
        choices: Callable[[Any, Conversion], list[str] | None] = no_choices,
    ) -> None:
        self.matches = matches
        self.takes = takes
        self.metavar = metavar
        self.example = example
        self.from_text = from_text
        self.from_json = from_json
        self.holds = holds
        self.to_json = to_json
        self.to_text = to_text
        self.choices = choices


class Conversion:
    """One conversion under way.

    :param find: annotation -> the annotation unwrapped, and its row.
    :param world: see `World`.
    :param folder: what relative paths of files and folders are below, for those that are written whole; empty writes
        them as they are.
    """

    __slots__ = ("_find", "_known", "_open", "depth", "folder", "world")

    def __init__(self, find: Callable[[Any], tuple[Any, Family]], world: World, folder: str = "") -> None:
        self._find = find
        self.world = world
        self.folder = folder
        self.depth = 0
        self._open: set[int] = set()
        self._known: dict[tuple[Any, int], tuple[Any, Any]] = {}

    def find(self, annotation: Any) -> tuple[Any, Family]:
        """Return `annotation` unwrapped, and its row."""
        return self.once(self._find, annotation)

    def once(self, make: Callable[[Any], T], annotation: Any) -> T:
        """Return ``make(annotation)``, made once for a whole conversion, which may be of many items of one type."""
        # By identity, since annotations need not be hashable; the annotation is kept so that no other takes its id.
        key = (make, id(annotation))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (annotation, make(annotation))
        return cast("T", known[1])

    def from_text(self, annotation: Any, text: str) -> Any:
        """Return the value that `text` stands for.

        :raises BadValue: it stands for none.
        """
        plain, family = self.find(annotation)
        return family.from_text(plain, text, self)

    def from_json(self, annotation: Any, data: Any) -> Any:
        """Return the value that JSON data stands for.

        :raises BadValue: it stands for none.
        """
        plain, family = self.find(annotation)
        return family.from_json(plain, data, self)

    def from_json_text(self, annotation: Any, text: str) -> Any:
        """Return the value that `text`, which must be JSON, stands for.

        :raises BadValue: it is not JSON, or stands for no value.
        """
        try:
            data = jsontext.parse(text)
        except jsontext.NotJsonError as error:
            raise BadValue(shown(text), self.takes(annotation), detail=str(error)) from None
        return self.from_json(annotation, data)

    def holds(self, annotation: Any, value: Any) -> bool:
        """Whether `value` is one of the annotation's values, all the way down."""
        plain, family = self.find(annotation)
        return family.holds(plain, value, self)

    def to_json(self, annotation: Any, value: Any) -> Any:
        """Return `value` as JSON-able data that `from_json` takes back.

        A value that is not of its annotation is written as what it is. One that holds itself is cut there.
        """
        plain, family = self.find(annotation)
        if not family.holds(plain, value, self):
            plain, family = self.find(type(value))
        if id(value) in self._open:
            return {"type": type(value).__name__, "repr": "… (holds itself)"}
        self._open.add(id(value))
        try:
            return family.to_json(plain, value, self)
        finally:
            self._open.discard(id(value))

    def to_text(self, annotation: Any, value: Any) -> str:
        """Return the text from which `from_text` gives back `value`."""
        plain, family = self.find(annotation)
        if not family.holds(plain, value, self):
            plain, family = self.find(type(value))
        return family.to_text(plain, value, self)

    def takes(self, annotation: Any) -> str:
        """Return what is taken, in words."""
        plain, family = self.find(annotation)
        return family.takes if isinstance(family.takes, str) else family.takes(plain, self)

    def metavar(self, annotation: Any) -> str:
        """Return what stands for a value in help."""
        plain, family = self.find(annotation)
        return family.metavar if isinstance(family.metavar, str) else family.metavar(plain, self)

    def choices(self, annotation: Any) -> list[str] | None:
        """Return every text that is taken, or None where they cannot be listed."""
        plain, family = self.find(annotation)
        return family.choices(plain, self)

    def example(self, annotation: Any) -> Any:
        """Return JSON data that is taken. Deep down, where a type may hold itself, parts are left empty."""
        plain, family = self.find(annotation)
        self.depth += 1
        try:
            return family.example(plain, self)
        finally:
            self.depth -= 1

    @property
    def too_deep(self) -> bool:
        """Whether an example should not go further down."""
        return self.depth > MAX_EXAMPLE_DEPTH
