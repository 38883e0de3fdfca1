"""Files, folders and tables as wholes and as fields, against what another client makes of the same values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.core.literals_pb2 import Literal
from google.protobuf.json_format import MessageToDict, ParseDict
from pydantic import BaseModel

from flyte.io import DataFrame, Dir, File
from flytectl_py.errors import UsageError
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.guessed import annotation_of, plain_value
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.types import literal_type
from tests.fixtures.wire_data import FileModel, Files, TableModel, cases

CASES = cases()
RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden/wire/data.json").read_text())
VALUES = [name for name, each in RECORDED.items() if "literal" in each]


@pytest.fixture
def raw(tmp_path: Path) -> RawData:
    return RawData(Places({}), str(tmp_path / "raw"))


@pytest.mark.parametrize("name", CASES)
def test_types_are_those_recorded(name: str) -> None:
    written = MessageToDict(literal_type(CASES[name][0]), preserving_proto_field_name=True)
    assert written == RECORDED[name]["type"]


@pytest.mark.parametrize("name", VALUES)
def test_literals_are_those_recorded(name: str, raw: RawData) -> None:
    recorded = ParseDict(RECORDED[name]["literal"], Literal())
    # They are in a store already, so that one is not asked.
    for offload in (None, raw):
        literal = to_literal(*CASES[name], offload)
        assert _plain(literal) == _plain(recorded)
    assert from_literal(CASES[name][0], recorded) == CASES[name][1]


def _plain(literal: Literal) -> Any:
    """Return a literal with its structures unpacked: their fields have no order."""
    import base64

    import msgpack

    def plain(part: Any) -> Any:
        if isinstance(part, dict) and part.get("tag") == "msgpack":
            return msgpack.unpackb(base64.b64decode(part["value"]))
        if isinstance(part, dict):
            return {name: plain(each) for name, each in part.items()}
        return [plain(each) for each in part] if isinstance(part, list) else part

    return plain(MessageToDict(literal))


@pytest.mark.parametrize("name", VALUES)
def test_a_type_tells_of_files_and_tables(name: str) -> None:
    kind = literal_type(CASES[name][0])
    literal = to_literal(*CASES[name])
    value = from_literal(annotation_of(kind), literal)
    assert _plain(to_literal(annotation_of(kind), value)) == _plain(literal)
    assert "s3://bucket/" in json.dumps(plain_value(literal, kind))


@dataclass
class Nested:
    outer: dict[str, list[File]]


class Holder(BaseModel):
    nested: Nested
    by_name: dict[str, File | None]
    table: DataFrame | None = None


def test_local_files_of_structures_go_to_the_store(tmp_path: Path, raw: RawData) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b.txt").write_text("b")
    file, folder = File(str(tmp_path / "a.txt")), Dir(str(tmp_path / "d"))
    values: list[tuple[Any, Any]] = [
        (Files, Files(file, folder)),
        (FileModel, FileModel(file=file, folder=folder, more=[file])),
        (Holder, Holder(nested=Nested({"x": [file]}), by_name={"k": file, "none": None})),
    ]
    for annotation, value in values:
        data = json.dumps(plain_value(to_literal(annotation, value, raw)))
        assert str(tmp_path / "raw") in data
        assert str(tmp_path / "a.txt") not in data
    read = from_literal(FileModel, to_literal(*values[1], raw), raw)
    assert Path(read.file.path).read_text() == Path(read.more[0].path).read_text() == "a"
    assert (Path(read.folder.path) / "b.txt").read_text() == "b"
    # MD5 of "a", which a client that sends the file gives it as well.
    assert (read.file.hash, read.folder.hash) == ("0cc175b9c0f1b6a831c399e269772661", None)
    assert value.nested.outer["x"] == [file]


def test_tables_of_structures_are_written(raw: RawData, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    read = from_literal(TableModel, to_literal(TableModel, TableModel(table=DataFrame.from_df(frame)), raw), raw)
    assert read.table.uri.startswith(str(tmp_path / "raw"))
    assert read.table.open(pandas.DataFrame).all_sync().equals(frame)


def test_what_a_store_refuses_in_a_model_is_said(tmp_path: Path, raw: RawData) -> None:
    gone = FileModel(file=File(str(tmp_path / "gone.txt")), folder=Dir("s3://bucket/d"))
    with pytest.raises(UsageError, match=r"there is no file .*gone\.txt"):
        to_literal(FileModel, gone, raw)
    model = TableModel(table=DataFrame.from_df(pytest.importorskip("pandas").DataFrame()))
    with pytest.raises(BadValue, match="there is no store"):
        to_literal(TableModel, model)


def test_a_model_of_the_users_has_their_schema() -> None:
    schema = FileModel.model_json_schema()
    assert schema["properties"]["file"] == {"$ref": "#/$defs/File"}
    assert {each["x-flyte-type"] for each in schema["$defs"].values()} == {"file", "dir"}
    assert TableModel.model_json_schema(mode="serialization")["$defs"]["DataFrame"]["title"] == "DataFrame"
