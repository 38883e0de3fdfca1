"""Tables: references to one in a store, and the tables of libraries, by type, value and place in a structure."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

import pytest
from flyteidl2.core.literals_pb2 import Literal
from google.protobuf.json_format import MessageToDict

from flytectl_py.model import files
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.guessed import annotation_of, plain_value
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.offload import Uploaded
from flytectl_py.wire.types import literal_type


@dataclass
class StandIn:
    """What the wire asks of a reference to a table."""

    uri: str | None = None
    format: str = ""
    hash: str | None = None
    frame: Any = None


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of references."""
    if not hasattr(files, "DataFrame"):
        monkeypatch.setattr(files, "DataFrame", StandIn, raising=False)
    return files.DataFrame  # type: ignore[attr-defined]


class Shelf:
    """A store in memory, of tables alone."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        raise AssertionError("no bytes here")

    def put_file(self, path: str) -> Uploaded:
        raise AssertionError("no files here")

    def put_folder(self, path: str) -> Uploaded:
        raise AssertionError("no folders here")

    def put_frame(self, frame: Any, spelling: str) -> Uploaded:
        uri = f"s3://bucket/{len(self.kept)}"
        self.kept[uri] = frame
        return Uploaded(uri, "abc")

    def get_bytes(self, uri: str) -> bytes:
        raise AssertionError("no bytes here")

    def get_frame(self, uri: str, spelling: str, kind: type) -> Any:
        return self.kept[uri]


def _type(annotation: Any) -> Any:
    return MessageToDict(literal_type(annotation), preserving_proto_field_name=True)


def test_the_type_of_a_reference_has_what_annotated_says(reference: Any) -> None:
    assert _type(reference) == {"structured_dataset_type": {}}
    assert _type(Annotated[reference, "csv"]) == {"structured_dataset_type": {"format": "csv"}}
    assert _type(Annotated[reference, {"a": int, "b": str}]) == {
        "structured_dataset_type": {
            "columns": [
                {"name": "a", "literal_type": {"simple": "INTEGER"}},
                {"name": "b", "literal_type": {"simple": "STRING"}},
            ]
        }
    }
    [variant, _] = _type(reference | None)["union_type"]["variants"]
    assert variant == {"structured_dataset_type": {}, "structure": {"tag": "DataFrame Transformer"}}


def test_a_reference_travels_with_its_format_and_hash(reference: Any) -> None:
    value = reference(uri="s3://bucket/t", format="parquet", hash="h")
    literal = to_literal(reference, value)
    assert MessageToDict(literal, preserving_proto_field_name=True) == {
        "scalar": {
            "structured_dataset": {
                "uri": "s3://bucket/t",
                "metadata": {"structured_dataset_type": {"format": "parquet"}},
            }
        },
        "hash": "h",
    }
    assert from_literal(reference, literal) == value
    assert plain_value(literal) == "s3://bucket/t"
    assert annotation_of(literal_type(reference)) is reference


def test_a_reference_stands_in_a_structure_by_its_fields(reference: Any) -> None:
    holder = make_dataclass("Holder", [("table", reference)])
    value = holder(reference(uri="s3://bucket/t", format="parquet"))
    literal = to_literal(holder, value)
    assert plain_value(literal) == {"table": {"uri": "s3://bucket/t", "format": "parquet"}}
    assert from_literal(holder, literal) == value
    schema = MessageToDict(literal_type(holder))["metadata"]["properties"]["table"]
    assert (schema["title"], sorted(schema["properties"])) == ("DataFrame", ["format", "hash", "uri"])


def test_the_tables_of_libraries_go_to_the_store(reference: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    shelf = Shelf()
    literal = to_literal(reference, frame, shelf)
    assert from_literal(pandas.DataFrame, literal, shelf) is frame
    assert from_literal(reference, literal, shelf).uri in shelf.kept


@pytest.mark.parametrize(("module", "name"), [("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")])
def test_the_type_of_a_table_names_its_class(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "")  # which polars sets when it is imported, and would leave behind
    kind = getattr(pytest.importorskip(module), name)
    assert _type(kind) == {
        "structured_dataset_type": {},
        "structure": {"tag": f"{kind.__module__}.{kind.__qualname__}"},
    }


def test_what_is_no_table_is_refused(reference: Any) -> None:
    with pytest.raises(BadValue, match="takes a"):
        to_literal(reference, [1], Shelf())
    with pytest.raises(BadValue, match="takes a"):
        from_literal(reference, to_literal(int, 3))
    with pytest.raises(BadValue, match="got nothing"):
        from_literal(reference, Literal())
