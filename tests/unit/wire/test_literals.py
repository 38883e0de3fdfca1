"""Single values as literals: what is refused, with its place, and what is taken in more than one form."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import pickle
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

import msgpack
import pytest
from flyteidl2.core import literals_pb2
from flyteidl2.core.literals_pb2 import Binary, LiteralCollection, Primitive, Scalar
from google.protobuf.json_format import ParseDict
from pydantic import BaseModel, Field, field_validator

from flyte.io import DataFrame, Dir, File
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.offload import Uploaded


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Inner:
    a: int
    b: list[float] = field(default_factory=list)


@dataclass
class Outer:
    name: str
    inner: Inner
    anything: Any = None


class Pair(NamedTuple):
    left: int
    right: str = "x"


class Row(TypedDict):
    a: int


class Strict(BaseModel):
    n: int = Field(alias="number", default=0)
    color: Color = Color.RED

    @field_validator("n")
    @classmethod
    def small(cls, value: int) -> int:
        if value > 9:
            raise ValueError("too large")
        return value


REFUSED: list[tuple[Any, Any, str]] = [
    (int, "a", "got 'a' of type str; takes an integer"),
    (int, 1.0, "got 1.0 of type float; takes an integer"),
    (int, 2**63, "takes an integer of at most 64 bits"),
    (float, "1.5", "got '1.5' of type str; takes a number"),
    (str, 3, "got 3 of type int; takes text"),
    (str, "a\ud800", "not Unicode at character 2"),
    (bool, 1, "takes a bool"),
    (None, 0, "takes None"),
    (dt.datetime, dt.date(2026, 1, 1), "takes a datetime"),
    (dt.date, "2026-01-01", "takes a date"),
    (dt.timedelta, 3, "takes a timedelta"),
    (dt.timedelta, dt.timedelta.max, "at most 10 000 years"),
    (Color, "RED", "got 'RED' of type str; takes RED or BLUE"),
    (Literal["fast", "slow"], "fats", "did you mean 'fast'"),
    (list[int], "12", "takes a list"),
    (list[int], [1, "2"], r"^\[1\]: got '2' of type str; takes an integer$"),
    (dict[str, int], {"a": 1, "b": None}, r"^\['b'\]: got None; takes an integer$"),
    (dict[str, int], {1: 2}, r"^\[1\] \(key\): got 1 of type int; takes text$"),
    (dict[str, list[int]], {"a": [1, "x"]}, r"^\['a'\]\[1\]: got 'x'"),
    (int | str, 1.5, "takes an integer, or text"),
    (tuple[int, str], (1,), "takes a tuple of 2"),
    (tuple[int, str], (1, 2), r"^\[1\]: got 2 of type int; takes text$"),
    (Pair, (1, "x"), "takes a Pair"),
    (Pair, Pair("x"), r"^\.left: got 'x' of type str; takes an integer$"),  # type: ignore[arg-type]
    (Row, {"a": "x"}, r"^\.a: got 'x' of type str; takes an integer$"),
    (Row, {}, "the field a is missing"),
    (Row, {"a": 1, "z": 2}, "no field z"),
    (Inner, {"a": 1}, "takes a JSON object for Inner"),
    (Outer, Outer("n", Inner(1, ["x"])), r"^\.inner\.b\[0\]: got 'x' of type str; takes a number$"),  # type: ignore[list-item]
    (Outer, Outer("n", Inner(1), threading.Lock()), r"^\.anything: got .* takes numbers, text"),
    (Outer, Outer("n", Inner(2**64)), r"^\.inner\.a: .*at most 64 bits"),
    (dict, {"a": [1, {2}]}, r"^\['a'\]\[1\]: got \{2\} of type set"),
    (dict, [1], "takes a dict"),
    (Strict, Inner(1), "takes a Strict"),
    (File, "s3://bucket/x", "takes a File"),
    (object, threading.Lock(), "neither as a value of Flyte's own nor as a pickle"),
]


@pytest.mark.parametrize(("annotation", "value", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_value_is_refused_with_its_place(annotation: Any, value: Any, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        to_literal(annotation, value)


def test_every_item_that_is_no_value_is_said() -> None:
    with pytest.raises(BadValue) as raised:
        to_literal(list[int | None], [1, "a", None, "b"])
    assert [fault.path for fault in raised.value.faults] == ["[1]", "[3]"]


def test_what_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(BadValue, match="holds itself"):
        to_literal(Outer, Outer("n", Inner(1), endless))
    with pytest.raises(BadValue, match="holds itself"):
        to_literal(dict, {"a": endless})


class Index:
    def __index__(self) -> int:
        return 7


TAKEN: list[tuple[Any, Any, Any]] = [
    (int, True, 1),
    (int, Index(), 7),
    (float, 3, 3.0),
    (float, decimal.Decimal("1.5"), 1.5),
    (list[float], (1.0, 2.0), [1.0, 2.0]),
    (float | None, 3, 3.0),
    (bool | int, True, True),
    (int | bool, True, True),
    (float | int, 3, 3),
    (dt.date | dt.datetime, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    (dt.datetime, dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    (list[int] | list[str], ["a"], ["a"]),
    (Inner | Pair, Pair(1), Pair(1)),
    (Rights, Rights.READ | Rights.WRITE, Rights.READ | Rights.WRITE),
    (set[int] | frozenset[int], frozenset({1}), frozenset({1})),
    (Strict, Strict(number=3, color=Color.BLUE), Strict(number=3, color=Color.BLUE)),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TAKEN, ids=range(len(TAKEN)))
def test_what_is_taken_comes_back(annotation: Any, value: Any, expected: Any) -> None:
    read = from_literal(annotation, to_literal(annotation, value))
    assert read == expected
    assert type(read) is type(expected)


def _struct(data: Any) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=Scalar(binary=Binary(value=msgpack.packb(data), tag="msgpack")))


def _primitive(**field: Any) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=Scalar(primitive=Primitive(**field)))


READ: list[tuple[Any, literals_pb2.Literal, Any]] = [
    # What another client writes where the annotation is another's, or it names things otherwise.
    (float, _primitive(integer=3), 3.0),
    (Color, _primitive(string_value="blue"), Color.BLUE),
    (Literal["fast", "very slow"], _primitive(string_value="VERY_SLOW"), "very slow"),
    (int, to_literal(int | None, 3), 3),
    (int | None, to_literal(int, 3), 3),
    (list[int], to_literal(set, [1, 2]), [1, 2]),
    (Any, to_literal(dict[str, list[int]], {"a": [1]}), {"a": [1]}),
    (Any, _struct({"a": 1}), {"a": 1}),
    (Any, to_literal(dt.timedelta, dt.timedelta(1)), dt.timedelta(1)),
    (Outer, _struct({"name": "n", "inner": {"a": 1.0}}), Outer("n", Inner(1))),
    (
        Outer,
        ParseDict({"scalar": {"generic": {"name": "n", "inner": {"a": 1}}}}, literals_pb2.Literal()),
        Outer("n", Inner(1)),
    ),
    (dict, ParseDict({"scalar": {"generic": {"name": "n"}}}, literals_pb2.Literal()), {"name": "n"}),
    (Pair, _struct({"left": 1}), Pair(1)),
    (Pair, _struct([1, "y"]), Pair(1, "y")),
    (tuple[dt.timedelta, bytes], _struct({"item_0": 1.5, "item_1": "é"}), (dt.timedelta(seconds=1.5), "é".encode())),
    (tuple[Color, Color], _struct({"item_0": "BLUE", "item_1": "blue"}), (Color.BLUE, Color.BLUE)),
    (Strict, _struct({"n": 3, "color": "BLUE"}), Strict(number=3, color=Color.BLUE)),
    (Strict, _struct({"number": 3, "color": "blue"}), Strict(number=3, color=Color.BLUE)),
]


@pytest.mark.parametrize(("annotation", "literal", "expected"), READ, ids=range(len(READ)))
def test_other_forms_are_read(annotation: Any, literal: literals_pb2.Literal, expected: Any) -> None:
    read = from_literal(annotation, literal)
    assert read == expected
    assert type(read) is type(expected)


UNREADABLE: list[tuple[Any, literals_pb2.Literal, str]] = [
    (int, literals_pb2.Literal(), "got nothing; takes an integer"),
    (int, to_literal(float, 3.0), "got a number, 3.0; takes an integer"),
    (int, to_literal(set, {3}), "bytes of pickle; takes an integer"),
    (list[int], to_literal(list[str | None], ["a", None]), r"^\[0\]: got text, 'a'; takes an integer$"),
    (dict[str, int], to_literal(dict[str, list[int]], {"k": [1, 2]}), r"^\['k'\]: got a list of 2; takes an integer$"),
    (Color, _primitive(string_value="REED"), "did you mean 'RED'"),
    (int | None, to_literal(str, "a"), "got text, 'a'; takes int | None"),
    (Outer, _struct({"name": "n", "inner": {"a": "x"}}), r"^\.inner\.a: got 'x' of type str; takes an integer$"),
    (Outer, _struct({"name": "n"}), r"^\.inner: the field is missing"),
    (Outer, _struct({"name": "n", "inner": {"a": 1}, "nam": 3}), "has no such field; did you mean 'name'"),
    (Outer, to_literal(int, 3), "got an integer, 3; takes a structure"),
    (dict, literals_pb2.Literal(scalar=Scalar(binary=Binary(value=b"\xc1", tag="msgpack"))), "takes msgpack"),
    (Strict, _struct({"n": 10}), r"^\.n: .*too large"),
    (File, to_literal(str, "x"), "got text, 'x'; takes a File"),
    (Any, literals_pb2.Literal(scalar=Scalar(binary=Binary(value=b"\x80\x99"))), "another version of Python"),
    (list[int], literals_pb2.Literal(collection=LiteralCollection(literals=[literals_pb2.Literal()])), r"^\[0\]: got"),
]


@pytest.mark.parametrize(("annotation", "literal", "said"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_stands_for_no_value_is_refused_with_its_place(
    annotation: Any, literal: literals_pb2.Literal, said: str
) -> None:
    with pytest.raises(BadValue, match=said):
        from_literal(annotation, literal)


class Shelf:
    """A store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def _keep(self, what: Any) -> Uploaded:
        uri = f"mem://{len(self.kept)}"
        self.kept[uri] = what
        return Uploaded(uri, "abc")

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        return self._keep(data)

    def put_file(self, path: str) -> Uploaded:
        return self._keep(Path(path).read_bytes())

    def put_folder(self, path: str) -> Uploaded:
        return self._keep(sorted(each.name for each in Path(path).iterdir()))

    def put_table(self, table: DataFrame) -> DataFrame:
        return DataFrame(uri=self._keep(table.val).uri, format="parquet")

    def get_bytes(self, uri: str) -> bytes:
        return self.kept[uri]


@dataclass
class Holder:
    file: File
    folder: Dir | None = None


def test_local_files_and_folders_are_uploaded_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "in.txt").write_text("inside")
    (tmp_path / "f.txt").write_text("text")
    shelf = Shelf()
    holder = Holder(File(str(tmp_path / "f.txt")), Dir(f"file://{tmp_path}/d"))
    literal = to_literal(list[Holder], [holder], shelf)
    assert sorted(shelf.kept.values(), key=str) == [["in.txt"], b"text"]
    [read] = from_literal(list[Holder], literal)
    assert shelf.kept[read.file.path] == b"text"
    assert shelf.kept[read.folder.path] == ["in.txt"]


def test_a_file_in_a_store_stays_there_and_has_the_hash_of_its_upload(tmp_path: Path) -> None:
    shelf = Shelf()
    assert to_literal(File, File("s3://bucket/x"), shelf).scalar.blob.uri == "s3://bucket/x"
    assert shelf.kept == {}
    (tmp_path / "f.txt").write_text("text")
    assert to_literal(File, File(str(tmp_path / "f.txt")), shelf).hash == "abc"


def test_without_a_store_a_local_path_travels_as_it_is() -> None:
    assert to_literal(File, File("data/x.csv")).scalar.blob.uri == "data/x.csv"


def test_a_large_pickle_is_fetched_from_the_store() -> None:
    shelf = Shelf()
    literal = to_literal(bytes, b"x" * 20_000, shelf)
    assert pickle.loads(shelf.kept[literal.scalar.blob.uri]) == b"x" * 20_000
    assert from_literal(bytes, literal, shelf) == b"x" * 20_000
    with pytest.raises(BadValue, match="there is no store"):
        from_literal(bytes, literal)


def test_tables_of_libraries_go_to_the_store() -> None:
    pandas = pytest.importorskip("pandas")
    shelf = Shelf()
    frame = pandas.DataFrame({"a": [1, 2]})
    literal = to_literal(pandas.DataFrame | None, frame, shelf)
    dataset = literal.scalar.union.value.scalar.structured_dataset
    assert dataset.metadata.structured_dataset_type.format == "parquet"
    assert shelf.kept[dataset.uri] is frame
    with pytest.raises(BadValue, match="takes a DataFrame"):
        to_literal(pandas.DataFrame, [1], shelf)
    with pytest.raises(BadValue, match="there is no store"):
        to_literal(pandas.DataFrame, frame)
