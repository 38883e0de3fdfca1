"""Properties of the converter: what is written is read back equal, and nothing typed raises anything but BadValue."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import typing
import uuid
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flytectl_py.model.files import Dir, File
from flytectl_py.values.convert import (
    BadValue,
    choices,
    describe,
    example,
    from_json,
    from_text,
    metavar,
    parse_json,
    to_json,
    to_text,
    type_name,
)
from flytectl_py.values.render import readable


class Everywhere:
    def now(self) -> dt.datetime:
        return dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)

    def is_file(self, path: str) -> bool:
        return True

    def is_dir(self, path: str) -> bool:
        return True


WORLD = Everywhere()


class Color(enum.Enum):
    RED = 1
    GREEN = "green"
    BLUE = (1, 2)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Mode(enum.StrEnum):
    FAST = "quick"
    SLOW = "slow"


class Access(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: float | None = None
    names: tuple[str, ...] = ()


@dataclasses.dataclass
class Node:
    value: Point
    when: dt.datetime | None = None
    children: list[Node] = dataclasses.field(default_factory=list)


class Pair(NamedTuple):
    left: int
    right: str | None = "r"


class Options(TypedDict):
    name: str
    size: NotRequired[dt.timedelta]


def same(left: Any, right: Any) -> bool:
    """Equal, of the same types, all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, decimal.Decimal):
        return str(left) == str(right)
    if dataclasses.is_dataclass(left):
        return all(same(getattr(left, f.name), getattr(right, f.name)) for f in dataclasses.fields(left))
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, dt.datetime | dt.time):
        return left == right and left.utcoffset() == right.utcoffset()
    return bool(left == right)


texts = st.text(max_size=20)
ints = st.integers() | st.integers(min_value=10**4299, max_value=10**4400)
# datetime.fromisoformat() of CPython drops an offset of less than a second.
offsets = st.integers(-82800, 82800).map(lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)))
datetimes = st.datetimes() | st.datetimes(timezones=offsets)
points = st.builds(Point, st.integers(), st.none() | st.floats(), st.lists(texts, max_size=3).map(tuple))
nodes = st.recursive(
    st.builds(Node, points, st.none() | datetimes),
    lambda inner: st.builds(Node, points, st.none() | datetimes, st.lists(inner, max_size=2)),
    max_leaves=4,
)
json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
paths = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
UserId = typing.NewType("UserId", int)

FAMILIES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, ints),
    (float, st.floats()),
    (str, texts),
    (bool, st.booleans()),
    (bytes, st.binary(max_size=20) | texts.map(lambda text: text.encode())),
    (None, st.none()),
    (dt.datetime, datetimes),
    (dt.date, st.dates()),
    (dt.time, st.times() | st.times(timezones=offsets)),
    (dt.timedelta, st.timedeltas()),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Mode, st.sampled_from(Mode)),
    (Access, st.integers(0, 7).map(Access)),
    (Literal["a", "1", 1, True, None, b"b", '"a"'], st.sampled_from(["a", "1", 1, True, None, b"b", '"a"'])),
    (pathlib.Path, paths.map(pathlib.Path)),
    (pathlib.PurePosixPath, paths.map(pathlib.PurePosixPath)),
    (uuid.UUID, st.uuids()),
    (decimal.Decimal, st.decimals()),
    (File, paths.map(File)),
    (Dir, paths.map(Dir)),
    (UserId, st.integers()),
    (typing.Annotated[int, "a note"], st.integers()),
    (int | None, st.none() | st.integers()),
    (str | None, st.none() | texts | st.sampled_from(["null", "None", '"x"', '{"str": "x"}'])),
    (pathlib.Path | None, st.none() | st.sampled_from(["null", "None", '"x"', "a b"]).map(pathlib.Path)),
    (dict[str, int] | None, st.none() | st.dictionaries(st.sampled_from(["None", "a"]), st.integers())),
    (list[int], st.lists(ints, max_size=3)),
    (list[float], st.lists(st.floats(), max_size=3)),
    (typing.Sequence[list[str]], st.lists(st.lists(texts, max_size=3), max_size=3)),
    (tuple[int, str, dt.date], st.tuples(st.integers(), texts, st.dates())),
    (tuple[bool, ...], st.lists(st.booleans(), max_size=3).map(tuple)),
    (tuple[()], st.just(())),
    (set[str], st.sets(texts, max_size=3)),
    (set[int | str], st.sets(st.integers() | texts, max_size=3)),
    (frozenset[dt.timedelta], st.frozensets(st.timedeltas(), max_size=3)),
    (dict[str, list[int]], st.dictionaries(texts, st.lists(st.integers(), max_size=2), max_size=3)),
    (dict[int, float], st.dictionaries(ints, st.floats(), max_size=3)),
    (dict[tuple[int, str], bytes], st.dictionaries(st.tuples(st.integers(), texts), st.binary(), max_size=3)),
    (dict[dt.date, Color], st.dictionaries(st.dates(), st.sampled_from(Color), max_size=3)),
    (Point, points),
    (Node, nodes),
    (list[Point] | None, st.none() | st.lists(points, max_size=2)),
    (Pair, st.builds(Pair, st.integers(), st.none() | texts)),
    (Options, st.fixed_dictionaries({"name": texts}, optional={"size": st.timedeltas()})),
]
UNIONS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int | str, st.integers() | texts | st.integers().map(str) | st.sampled_from(['"3"', '{"int": 3}'])),
    (int | float | bool | None, st.integers() | st.floats() | st.booleans() | st.none()),
    (dt.date | dt.datetime | str, st.dates() | datetimes | texts | st.dates().map(str) | st.just("now")),
    (bytes | str, st.binary(max_size=5) | texts),
    (list[int] | set[int], st.lists(st.integers(), max_size=3) | st.sets(st.integers(), max_size=3)),
    (tuple[int, ...] | set[int], st.lists(st.integers(), max_size=3).map(tuple) | st.sets(st.integers(), max_size=3)),
    (
        Point | dict[str, int],
        points | st.dictionaries(st.sampled_from(["x", "Point", "dict[str, int]"]), st.integers()),
    ),
    (pathlib.Path | decimal.Decimal, paths.map(pathlib.Path) | st.decimals(allow_nan=False)),
    (Color | Mode | int, st.sampled_from(Color) | st.sampled_from(Mode) | st.integers()),
    (list[int | str] | str, st.lists(st.integers() | texts, max_size=3) | texts),
]
ANYTHING = [(Any, json_data), (dict[str, Any], st.dictionaries(texts, json_data, max_size=3))]
# The JSON of a value that stands by itself does not say which arm it is.
AMBIGUOUS = (pathlib.Path | None, set[int | str])
quick = settings(max_examples=40, deadline=None)


def named(rows: list[tuple[Any, st.SearchStrategy[Any]]]) -> Any:
    return pytest.mark.parametrize(("annotation", "values"), [pytest.param(*row, id=type_name(row[0])) for row in rows])


@named(FAMILIES + UNIONS + ANYTHING)
@quick
@given(data=st.data())
def test_text_is_read_back_equal(annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    value = data.draw(values)
    text = to_text(value, annotation)
    assert same(from_text(annotation, text, WORLD), value), text


@named([row for row in FAMILIES + ANYTHING if row[0] not in AMBIGUOUS])
@quick
@given(data=st.data())
def test_json_is_valid_and_read_back_equal(
    annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    value = data.draw(values)
    text = json.dumps(to_json(value), allow_nan=False)
    assert same(from_json(annotation, json.loads(text), WORLD), value), text


EVERY = [annotation for annotation, _ in FAMILIES + UNIONS + ANYTHING]
typed = (
    st.text(max_size=30)
    | json_data.map(json.dumps)
    | st.from_regex(r"[-+PT0-9:.smhd, eE/nul\[\]{}\"']{0,12}", fullmatch=True)
    | st.sampled_from(
        ["now", "today", "\ud800", "1e999", "0x", "-", "P", "PT", "NaN", "[" * 5000, "1" * 5000, "0x_", "{}"]
    )
)


@settings(max_examples=300, deadline=None)
@given(annotation=st.sampled_from(EVERY), text=typed)
def test_no_text_raises_anything_else(annotation: Any, text: str) -> None:
    try:
        value = from_text(annotation, text, WORLD)
    except BadValue as bad:
        said = bad.sentence("--x")
    else:
        json.dumps(to_json(value), allow_nan=False)
        said = f"--x: {readable(value)}"
    assert said.startswith("--x: ")
    assert said.encode("utf-8", "surrogateescape")


@settings(max_examples=300, deadline=None)
@given(annotation=st.sampled_from(EVERY), data=json_data)
def test_no_json_raises_anything_else(annotation: Any, data: Any) -> None:
    try:
        said = str(from_json(annotation, data, WORLD))
    except BadValue as bad:
        said = bad.message
    assert isinstance(said, str)


@pytest.mark.parametrize("annotation", EVERY, ids=type_name)
def test_every_family_says_what_it_takes_and_takes_its_example(annotation: Any) -> None:
    assert describe(annotation)
    assert metavar(annotation)
    from_text(annotation, example(annotation), WORLD)
    for text in choices(annotation) or []:
        from_text(annotation, text, WORLD)


@quick
@given(json_data)
def test_parse_json_reads_what_json_writes(data: Any) -> None:
    assert same(parse_json(json.dumps(data)), data)


@settings(max_examples=100, deadline=None)
@given(st.timedeltas())
def test_a_duration_as_python_writes_it_is_read(value: dt.timedelta) -> None:
    assert from_text(dt.timedelta, str(value), WORLD) == value
