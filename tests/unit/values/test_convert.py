"""What each family takes and refuses, as text and as JSON."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import subprocess
import sys
import typing
import uuid
from typing import Any, Literal

import pytest

from flytectl_py.model.files import Dir, File
from flytectl_py.model.interface import MISSING
from flytectl_py.values.convert import (
    BadValue,
    choices,
    describe,
    from_json,
    from_text,
    is_flag,
    metavar,
    parse_json,
    to_json,
    to_text,
    type_name,
)

NOW = dt.datetime(2026, 1, 31, 9, 30, 15, tzinfo=dt.timezone(dt.timedelta(hours=2)))


class FixedWorld:
    def now(self) -> dt.datetime:
        return NOW

    def is_file(self, path: str) -> bool:
        return path in ("data.csv", "/tmp/a b.csv")

    def is_dir(self, path: str) -> bool:
        return path == "data"


WORLD = FixedWorld()


class Color(enum.Enum):
    RED = "crimson"
    GREEN = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Celsius(float):
    pass


T = typing.TypeVar("T")
Bounded = typing.TypeVar("Bounded", bound=int)
Either = typing.TypeVar("Either", int, str)
UserId = typing.NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, " 3 ", 3),
        (int, "-1_000", -1000),
        (int, "0xff", 255),
        (float, "1e-3", 0.001),
        (float, "-inf", -math.inf),
        (str, " a ", " a "),
        (str, '"a"', '"a"'),
        (str, "", ""),
        (bool, "YES", True),
        (bool, "off", False),
        (bool, "0", False),
        (bytes, "é", "é".encode()),
        (bytes, "\udcff", b"\xff"),
        (bytes, "base64:/w==", b"\xff"),
        (None, "null", None),
        (Celsius, "3.5", Celsius(3.5)),
        (dt.datetime, "2026-01-31T09:30:00Z", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
        (dt.datetime, "2026-01-31 09:30", dt.datetime(2026, 1, 31, 9, 30)),
        (dt.datetime, "now", NOW),
        (dt.datetime, "today", NOW.replace(hour=0, minute=0, second=0)),
        (dt.date, "today", dt.date(2026, 1, 31)),
        (dt.time, "09:30", dt.time(9, 30)),
        (dt.time, "now", dt.time(9, 30, 15)),
        (Color, "RED", Color.RED),
        (Color, "crimson", Color.RED),
        (Color, "2", Color.GREEN),
        (Color, "green", Color.GREEN),
        (Access, "READ|WRITE", Access.READ | Access.WRITE),
        (Literal["1", 1], "1", 1),
        (Literal["1", 1], '"1"', "1"),
        (Literal[True, None, "x"], "None", None),
        (Literal[Color.RED, 7], "RED", Color.RED),
        (list[int], "[1, 2]", [1, 2]),
        (list, '[1, "a"]', [1, "a"]),
        (list[list[float]], "[[1]]", [[1.0]]),
        (typing.List[int], "[1]", [1]),  # noqa: UP006
        (typing.Sequence[int], "[1]", [1]),
        (typing.Iterable[int], "[1]", [1]),
        (collections.deque[int], "[1]", collections.deque([1])),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (tuple[int, ...], "[1, 2]", (1, 2)),
        (set[int], "[2, 1, 2]", {1, 2}),
        (frozenset[str], '["a"]', frozenset("a")),
        (dict[int, float], '{"1": 2}', {1: 2.0}),
        (dict[tuple[int, int], str], '[[[1, 2], "a"]]', {(1, 2): "a"}),
        (typing.Mapping[str, int], '{"a": 1}', {"a": 1}),
        (collections.OrderedDict[str, int], '{"a": 1}', collections.OrderedDict(a=1)),
        (dict, '{"1": [1]}', {"1": [1]}),
        (pathlib.Path, "a b/c", pathlib.Path("a b/c")),
        (uuid.UUID, "{123e4567e89b12d3a456426614174000}", uuid.UUID("123e4567-e89b-12d3-a456-426614174000")),
        (decimal.Decimal, "1.50", decimal.Decimal("1.50")),
        (Any, "[1]", [1]),
        (Any, "[1", "[1"),
        (MISSING, "3", 3),
        (object, "x", "x"),
        (T, "3", 3),
        (Bounded, "3", 3),
        (Either, "x", "x"),
        (UserId, "3", 3),
        (typing.Annotated[list[typing.Annotated[int, "x"]], "y"], "[3]", [3]),
        (typing.Optional[int], "3", 3),  # noqa: UP045
        (File, "data.csv", File("data.csv")),
        (File, "file:///tmp/a%20b.csv", File("file:///tmp/a%20b.csv")),
        (File[str], "s3://bucket/x.csv", File("s3://bucket/x.csv")),
        (Dir, "data", Dir("data")),
    ],
)
def test_text_that_is_taken(annotation: Any, text: str, value: Any) -> None:
    read = from_text(annotation, text, WORLD)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("annotation", "text", "said"),
    [
        (int, "abc", "--x: got 'abc'; takes an integer, e.g. --x 3"),
        (int, "3.0", "takes an integer"),
        (int, "٣", "takes an integer"),
        (int, "9" * 5000, "5000 digits"),
        (float, "1e999", "too large"),
        (bool, "maybe", "takes true or false"),
        (bytes, "base64:!", "not base64"),
        (None, "x", "takes null"),
        (dt.datetime, "2026-13-01T00:00", "month must be in 1..12"),
        (dt.datetime, "yesterday", "ISO 8601"),
        (dt.date, "2026-01-31T09:30", "a date"),
        (Color, "GREN", "did you mean 'GREEN'?"),
        (Access, "READ|WRIT", "did you mean 'WRITE'?"),
        (Literal["fast", "slow"], "fats", "did you mean 'fast'?"),
        (list[int], "1,2", "goes on"),
        (list[int], "[1, 2", "ends too early"),
        (list[str], "['a']", 'did you mean ["a"]'),
        (dict[str, bool], "{'a': True}", 'did you mean {"a": true}'),
        (list[int], "", "it is empty"),
        (list[int], "[" * 100_000, "nested too deeply"),
        (list[int], '[1, "a", 2.5]', '[1]: got "a"; takes an integer; [2]: got 2.5; takes an integer'),
        (list[int], "3", "takes a JSON array"),
        (list[int], '["a"]', "e.g. --x '[3]'"),
        (tuple[int, int], "[1]", "the length is 1, not 2"),
        (set[Any], "[[1]]", "not hashable"),
        (dict[str, int], '{"a": 1, "a": 2}', '"a" stands there twice'),
        (dict[int, int], '{"1": 1, "01": 2}', "stands there twice"),
        (dict[int, int], '{"a": 1, "2": "b"}', "[\"a\"] (key): got 'a'"),
        (uuid.UUID, "x", "takes a UUID"),
        (decimal.Decimal, "x", "takes a decimal number"),
        (File, "data", "that is a folder"),
        (File, "nowhere", "there is no such file"),
        (Dir, "data.csv", "that is a file"),
        (Dir, "nowhere", "there is no such folder"),
        (typing.Callable[[int], int], "x", "has no text form"),
    ],
)
def test_text_that_is_refused(annotation: Any, text: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        from_text(annotation, text, WORLD)
    assert said in caught.value.sentence("--x")


@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        (float, 3, 3.0),
        (float, "NaN", math.nan),
        (decimal.Decimal, 1.1, decimal.Decimal("1.1")),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (dt.timedelta, 1.5, dt.timedelta(seconds=1.5)),
        (Color, 2, Color.GREEN),
        (Access, 3, Access.READ | Access.WRITE),
        (set[int], [1, 1], {1}),
        (Literal[b"x"], "x", b"x"),
    ],
)
def test_json_that_is_taken(annotation: Any, data: Any, value: Any) -> None:
    read = from_json(annotation, data, WORLD)
    assert type(read) is type(value)
    assert read == value or (read != read and value != value)


@pytest.mark.parametrize(
    ("annotation", "data", "path"),
    [
        (int, 3.5, ""),
        (int, 3.0, ""),
        (int, True, ""),
        (int, "3", ""),
        (float, True, ""),
        (float, 10**400, ""),
        (str, 3, ""),
        (bool, 1, ""),
        (bool, "true", ""),
        (dt.date, 3, ""),
        (decimal.Decimal, True, ""),
        (list[dict[str, int]], [{}, {"a": "b"}], '[1]["a"]'),
        (Literal[1, "1"], True, ""),
        (list[int], {"a": 1}, ""),
        (File, 3, ""),
    ],
)
def test_json_that_is_refused_with_its_place(annotation: Any, data: Any, path: str) -> None:
    with pytest.raises(BadValue) as caught:
        from_json(annotation, data, WORLD)
    assert caught.value.path == path
    assert caught.value.got
    assert caught.value.exit_code == 2


def test_the_number_of_faults_that_are_listed_is_bounded() -> None:
    with pytest.raises(BadValue) as caught:
        from_json(list[int], ["a"] * 50, WORLD)
    assert len(caught.value.faults) == 50
    assert "and 40 more" in caught.value.message


def test_an_example_that_starts_with_a_dash_is_one_word_for_a_shell() -> None:
    assert BadValue("'x'", "a number", example="-1 2").sentence("--x").endswith("e.g. --x='-1 2'")


def test_a_class_of_the_user_that_refuses() -> None:
    class Even(int):
        def __new__(cls, value: int) -> Even:
            if value % 2:
                raise ValueError("odd")
            return super().__new__(cls, value)

    assert type(from_text(Even, "4", WORLD)) is Even
    with pytest.raises(BadValue, match="Even: odd"):
        from_text(Even, "3", WORLD)


def test_a_defaultdict_gets_the_factory_of_its_values() -> None:
    read = from_text(collections.defaultdict[str, list[int]], '{"a": [1]}', WORLD)
    assert read["b"] == []
    assert read["a"] == [1]


def test_parse_json_refuses_a_key_that_stands_twice() -> None:
    with pytest.raises(BadValue, match='"a" stands there twice'):
        parse_json('[{"a": 1, "a": 1}]')


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (int, "int"),
        (None, "None"),
        (MISSING, "Any"),
        (list[int], "list[int]"),
        (typing.List[int], "list[int]"),  # noqa: UP006
        (int | None, "int | None"),
        (typing.Optional[Color], "Color | None"),  # noqa: UP045
        (dict[str, list[dt.date]], "dict[str, list[date]]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (tuple[()], "tuple[()]"),
        (Literal["a", 1, Color.RED], "Literal['a', 1, Color.RED]"),
        (typing.Annotated[int, "x"], "int"),
        (UserId, "UserId"),
        (T, "T"),
        (File[str], "File[str]"),
        (typing.Callable[[int], str], "Callable[[int], str]"),
    ],
)
def test_type_name_is_what_a_user_writes(annotation: Any, name: str) -> None:
    assert type_name(annotation) == name


@pytest.mark.parametrize(
    ("annotation", "name", "listed"),
    [
        (int, "INT", None),
        (float, "FLOAT", None),
        (str, "TEXT", None),
        (Color, "RED|GREEN", ["RED", "GREEN"]),
        (Literal["a", 1], "a|1", ["a", "1"]),
        (list[int], "JSON", None),
        (File, "FILE", None),
        (Dir, "DIR", None),
        (dt.timedelta, "DURATION", None),
        (Color | None, "RED|GREEN", ["RED", "GREEN"]),
        (int | str, "INT|TEXT", None),
    ],
)
def test_metavar_and_choices(annotation: Any, name: str, listed: list[str] | None) -> None:
    assert metavar(annotation) == name
    assert choices(annotation) == listed


def test_describe_is_in_words() -> None:
    assert describe(list[int] | None) == "a JSON array, each item an integer, or null"


def test_flags_are_bools_and_optional_bools() -> None:
    flags = [bool, bool | None, typing.Optional[bool], typing.Annotated[bool, 1]]  # noqa: UP045
    assert all(map(is_flag, flags))
    assert not any(map(is_flag, [int, bool | int, list[bool], Any, None, str | None]))


def test_more_digits_than_python_writes_survive() -> None:
    value = -(10**5000)
    assert from_text(int, to_text(value, int), WORLD) == value
    assert from_json(int, json.loads(json.dumps(to_json(value))), WORLD) == value


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement came with Python 3.12")
def test_type_statements_are_followed() -> None:
    scope: dict[str, Any] = {}
    exec("type Ids[T] = list[T]\ntype Id = int", scope)
    assert from_text(scope["Ids"][int], "[3]", WORLD) == [3]
    assert from_text(scope["Id"], "3", WORLD) == 3


def test_scalars_load_nothing_heavy() -> None:
    script = (
        "import sys; from flytectl_py.values.convert import from_text, to_json, type_name\n"
        "for kind, text in ((int, '3'), (str, 'a'), (float, '1'), (bool, 'yes')):\n"
        "    to_json(from_text(kind, text, None))\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    heavy = {"decimal", "uuid", "datetime", "pathlib", "pydantic", "asyncio", "ast", "base64", "shlex", "inspect"}
    assert "flytectl_py.values.scalars" in loaded
    assert not heavy & set(loaded)
