"""Text and JSON to the values that a task's annotations ask for, and values back: the public functions of this room.

Every one looks up the family of the annotation in one table (`table.py`) and lets its row do the work.

A value is written in JSON and on a command line as follows; each form is read back as an equal value.

=====================  ================================================================================================
int                    ``3``, ``1_000``, ``0xff``; more digits than Python writes in decimal as ``0x…``
float                  ``0.5``, ``1e-3``, ``nan``, ``inf``; in JSON ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
bool                   ``true false yes no on off 1 0``; in JSON only ``true`` and ``false``
bytes                  the text in UTF-8, or ``base64:…``
datetime, date, time   ISO 8601, and ``now``, ``today``
timedelta              ``90``, ``90s``, ``1h30m``, ``1:30:00``, ``PT90S``; in JSON written as ISO 8601, e.g. ``PT1H30M``
Enum, Literal          the name, or the value
list, tuple, set       a JSON array; a set is written in order
dict                   a JSON object whose keys are the texts of the keys; or an array of ``[key, value]``
dataclass and the like a JSON object; a NamedTuple also an array
A | B                  whichever takes it, see `unions.py`; ``{"A": …}`` forces one
=====================  ================================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytectl_py.values import jsontext
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family, World
from flytectl_py.values.scalars import SCALARS

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "BadValue",
    "World",
    "choices",
    "describe",
    "example",
    "from_json",
    "from_text",
    "holds",
    "is_flag",
    "metavar",
    "misfit",
    "other_spellings",
    "parse_json",
    "to_json",
    "to_text",
    "type_name",
]


def from_text(annotation: Any, text: str, world: World) -> Any:
    """Return the value that `text`, as typed, stands for.

    :raises BadValue: it stands for none.
    """
    conversion = Conversion(_find, world)
    try:
        return conversion.from_text(annotation, text)
    except BadValue as bad:
        raise bad.with_example(_example_text(conversion, annotation)) from bad.__cause__
    except RecursionError:
        raise BadValue(shown(text), conversion.takes(annotation), detail="nested too deeply") from None


def from_json(annotation: Any, data: Any, world: World) -> Any:
    """Return the value that `data`, as `parse_json` gives it, stands for.

    :raises BadValue: it stands for none; its `path` says where inside.
    """
    conversion = Conversion(_find, world)
    try:
        return conversion.from_json(annotation, data)
    except BadValue as bad:
        sample = conversion.example(annotation)
        raise bad.with_example("" if sample == "" else jsontext.dump(sample)) from bad.__cause__
    except RecursionError:
        raise BadValue(shown_json(data), conversion.takes(annotation), detail="nested too deeply") from None


def parse_json(text: str) -> Any:
    """Return what JSON `text` stands for, such as a file of inputs. A key that stands twice in an object is refused.

    :raises BadValue: it is not JSON.
    """
    try:
        return jsontext.parse(text)
    except jsontext.NotJsonError as error:
        raise BadValue(shown(text), "JSON", detail=str(error)) from None


def to_json(value: Any, annotation: Any = None, folder: str = "") -> Any:
    """Return `value` as data that ``json.dumps`` writes as valid JSON, whatever it is.

    A value of no known family becomes ``{"type": "module.Class", "repr": "…"}``.

    :param annotation: with which `from_json` shall give it back; its own type unless given.
    :param folder: what relative paths of a `File` or `Dir` are below, so that they are written whole; empty writes them
        as they are.
    """
    conversion = Conversion(_find, _Anywhere(), folder)
    try:
        return conversion.to_json(type(value) if annotation is None else annotation, value)
    except RecursionError:
        return {"type": type(value).__name__, "repr": "… (nested too deeply)"}


def misfit(annotation: Any, value: Any) -> str:
    """Return what is wrong with giving `value` where `annotation` stands, an empty text where nothing clearly is.

    Only builtin values are judged. They fit where they are the annotation's, or where their JSON stands for one of its
    values: 1 for a float, a tuple for a list. Of many items the first ones are looked at.
    """
    if type(value) not in _JUDGED:
        return ""
    sample = _first_items(value)
    conversion = _asking()
    try:
        if conversion.holds(annotation, sample):
            return ""
        from_json(annotation, to_json(sample), _Anywhere())
    except BadValue as bad:
        return bad.sentence()
    except RecursionError:
        return ""
    return ""


def to_text(value: Any, annotation: Any) -> str:
    """Return the text from which `from_text` with `annotation` gives back `value`."""
    return Conversion(_find, _Anywhere()).to_text(annotation, value)


def holds(annotation: Any, value: Any) -> bool:
    """Whether `value` is one of the annotation's values, all the way down."""
    return _asking().holds(annotation, value)


def metavar(annotation: Any) -> str:
    """Return what stands for a value in help: ``INT``, ``red|green``, ``JSON``, ``FILE`` …"""
    return _asking().metavar(annotation)


def describe(annotation: Any) -> str:
    """Return what is taken, in words: ``an integer``."""
    return _asking().takes(annotation)


def example(annotation: Any) -> str:
    """Return a text that is taken, not quoted for any shell."""
    return _example_text(_asking(), annotation)


def choices(annotation: Any) -> list[str] | None:
    """Return every text that is taken, for completion, or None where they cannot be listed."""
    return _asking().choices(annotation)


def other_spellings(annotation: Any) -> str:
    """Return ``red, blue``: what an enumeration takes besides the names that `metavar` gives; empty where nothing."""
    from flytectl_py.values.choices import FEW, values_besides_names

    found = values_besides_names(annotation)
    return ", ".join(found[:FEW]) + (", …" if len(found) > FEW else "")


def is_flag(annotation: Any) -> bool:
    """Whether an input is a flag, ``--x/--no-x``: a bool, or a bool or None."""
    if annotation is bool:
        return True
    if any(annotation is plain for plain, _ in SCALARS):
        return False
    from flytectl_py.values.annotations import optional_of, unwrap

    return unwrap(optional_of(unwrap(annotation))) is bool


def type_name(annotation: Any) -> str:
    """Return the annotation as a user writes it: ``list[int]``, ``int | None``."""
    from flytectl_py.values import annotations

    return annotations.type_name(annotation)


_JUDGED = frozenset({int, float, str, bool, bytes, list, tuple, dict, set, frozenset, type(None)})
_ITEMS = 1000


def _first_items(value: Any) -> Any:
    if type(value) is list and len(value) > _ITEMS:
        return value[:_ITEMS]
    if type(value) is dict and len(value) > _ITEMS:
        return dict([*value.items()][:_ITEMS])
    return value


class _Anywhere:
    """A world for conversions that only write: every path exists, and the time never matters."""

    def now(self) -> datetime:
        from datetime import UTC, datetime

        return datetime(1, 1, 1, tzinfo=UTC)

    def is_file(self, _path: str) -> bool:
        return True

    def is_dir(self, _path: str) -> bool:
        return True


def _asking() -> Conversion:
    return Conversion(_find, _Anywhere())


def _example_text(conversion: Conversion, annotation: Any) -> str:
    data = conversion.example(annotation)
    return data if isinstance(data, str) else jsontext.dump(data)


def _find(annotation: Any) -> tuple[Any, Family]:
    for plain, family in SCALARS:
        if annotation is plain:
            return plain, family
    from flytectl_py.values import table

    return table.find(annotation)
