"""Every family of types and values against what another client makes of the same annotations and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.core.types_pb2 import LiteralType
from google.protobuf.json_format import MessageToDict, ParseDict

from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.guessed import annotation_of, holds_pickle, plain_value
from flytectl_py.wire.literals import from_literal, to_literal
from flytectl_py.wire.types import literal_type
from tests.fixtures.wire_families import cases

CASES = cases()
RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden/wire/families.json").read_text())
# Equal, but not alike: another time zone, and pydantic's own class for UTC.
# The schema has the names of an enum, and the data its values: only its own code can read it.
BY_VALUE = (
    "whole/model",
    "tuple/dataclass",
    "tuple/dataclass-dict",
    "tuple/dataclass-holding-recursive",
    "tuple/dataclass-list",
    "tuple/dataclass-optional",
    "tuple/tuple-nested",
)
OTHER_ZONE = ("datetime-zone", "whole/model")


def test_every_case_was_recorded() -> None:
    # `None` and `list[Any]` that holds None are more than the other client can write.
    assert {name for name in CASES if name not in RECORDED} <= {
        "whole/none",
        "list/none",
        "whole/list-any",
        "optional/list-any",
        "list/list-any",
    }


@pytest.mark.parametrize("name", RECORDED)
def test_types_are_those_recorded(name: str) -> None:
    annotation, _ = CASES[name]
    assert MessageToDict(literal_type(annotation), preserving_proto_field_name=True) == _here(RECORDED[name]["type"])


@pytest.mark.parametrize("name", RECORDED)
def test_literals_are_those_recorded(name: str) -> None:
    annotation, value = CASES[name]
    written = MessageToDict(to_literal(annotation, value), preserving_proto_field_name=True)
    assert written == _here(RECORDED[name]["literal"])


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_literals_are_read(name: str) -> None:
    annotation, value = CASES[name]
    read = from_literal(annotation, ParseDict(RECORDED[name]["literal"], Literal()))
    assert read == value
    if not name.endswith(OTHER_ZONE):
        assert repr(read) == repr(value)


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_guessed_of_a_type_writes_what_was_read(name: str) -> None:
    kind = ParseDict(RECORDED[name]["type"], LiteralType())
    literal = ParseDict(RECORDED[name]["literal"], Literal())
    shown = plain_value(literal, kind)
    json.dumps(shown, allow_nan=False)
    if holds_pickle(literal):
        assert "pickle" in json.dumps(shown)
        return
    annotation = annotation_of(kind)
    if name in BY_VALUE:
        with pytest.raises(BadValue, match="takes SMALL or LARGE"):
            from_literal(annotation, literal)
        return
    value = from_literal(annotation, literal)
    assert _unordered(to_literal(annotation, value)) == _unordered(literal)


def _unordered(literal: Literal) -> Any:
    """Return a literal with its structures as plain data, the order of whose fields a type does not tell."""
    import msgpack

    data = MessageToDict(literal)

    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            if part.get("tag") == "msgpack":
                import base64

                return msgpack.unpackb(base64.b64decode(part["value"]), strict_map_key=False)
            return {name: plain(each) for name, each in part.items()}
        return [plain(each) for each in part] if isinstance(part, list) else part

    return plain(data)


def _here(recorded: Any) -> Any:
    """Return a recording with the module of the declarations as it is called here."""
    return json.loads(json.dumps(recorded).replace("wire_families.", "tests.fixtures.wire_families."))
