"""Inputs and outputs of actions, as messages."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs
from google.protobuf.json_format import ParseDict

from flyte.io import DataFrame
from flytectl_py.model.interface import Interface
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.convert import from_text
from flytectl_py.wire.inputs import (
    Recorded,
    input_values,
    inputs_message,
    output_values,
    outputs_message,
    returned_value,
)
from flytectl_py.wire.literals import to_literal
from flytectl_py.wire.offload import Uploaded

TESTS = Path(__file__).parents[2]
RECORDINGS = sorted((TESTS / "golden/wire/run").glob("*.json"))
APPS = TESTS / "fixtures/wire_apps"


@pytest.fixture(scope="module", autouse=True)
def apps() -> Iterator[None]:
    before, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(APPS)]
    yield
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        if str(APPS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


class Anywhere:
    """A world where every path exists."""

    def now(self) -> Any:
        raise AssertionError("no input says now")

    def is_file(self, _path: str) -> bool:
        return True

    def is_dir(self, _path: str) -> bool:
        return True


class Bucket:
    """A store with the URIs and hashes that were recorded."""

    def __init__(self, folder: str = "", digest: str = "") -> None:
        self.folder, self.digest = folder, digest
        self.kept: dict[str, bytes] = {}

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        uri = f"s3://bucket/{len(self.kept)}{name}"
        self.kept[uri] = data
        return Uploaded(uri)

    def put_file(self, path: str) -> Uploaded:
        return Uploaded(f"s3://bucket/{Path(path).name}", self.digest)

    def put_folder(self, path: str) -> Uploaded:
        return Uploaded(self.folder)

    def put_table(self, table: DataFrame) -> DataFrame:
        raise AssertionError("no tables here")

    def get_bytes(self, uri: str) -> bytes:
        return self.kept[uri]


def _given(interface: Interface, words: list[str]) -> dict[str, Any]:
    """Return the values of a recorded command: ``--x 1 --flag``."""
    values: dict[str, Any] = {}
    while words:
        name = words.pop(0).removeprefix("--")
        declared = interface.input(name)
        assert declared is not None
        if declared.annotation is bool:
            values[name] = True
        else:
            # A name that another client makes of a Literal; ours takes the value itself.
            text = words.pop(0).replace("FAST", "fast")
            values[name] = from_text(declared.annotation, text, Anywhere())
    for each in interface.inputs:
        if each.annotation is bool:
            values.setdefault(each.name, False)
    return values


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_inputs_are_those_recorded(file: Path) -> None:
    recording = json.loads(file.read_text())
    _, _, module, task, *words = recording["command"]
    interface = getattr(importlib.import_module(Path(module).stem), task).interface
    sent = next(call["request"]["inputs"] for call in recording["calls"] if "inputs" in call.get("request", {}))
    expected = ParseDict(json.loads(json.dumps(sent).replace("FAST", "fast")), Inputs())
    bucket = Bucket("s3://bucket/9f454dba8015406f9584f9b54f92c411", "b1946ac92492d2347c6235b4d2611184")
    values = _given(interface, words)
    message = inputs_message(interface, values, bucket)
    assert message == expected
    assert input_values(interface, message).keys() == {each.name for each in interface.inputs}
    if "files" not in file.stem and "moments" not in file.stem:
        assert values.items() <= input_values(interface, message).items()


def test_a_name_that_another_client_makes_of_a_choice_is_read() -> None:
    recording = json.loads((TESTS / "golden/wire/run/18-typed-enums.json").read_text())
    sent = next(call["request"]["inputs"] for call in recording["calls"] if "inputs" in call.get("request", {}))
    values = input_values(importlib.import_module("typed").enums.interface, ParseDict(sent, Inputs()))
    assert values["mode"] == "fast"


def add(x: int, y: list[int] = [1], z: str | None = None) -> int: ...  # type: ignore[empty-body]  # noqa: B006


ADD = Interface.of(add)


def test_every_fault_is_said_at_once_with_its_place() -> None:
    with pytest.raises(BadValue) as raised:
        inputs_message(ADD, {"y": [1, "a", None], "zz": 3})
    assert {fault.path for fault in raised.value.faults} == {"zz", "x", "y[1]", "y[2]"}
    assert "did you mean 'z'" in str(raised.value)


def test_a_missing_input_has_its_default_or_is_refused() -> None:
    some = Inputs(literals=[NamedLiteral(name="x", value=to_literal(int, 3))])
    assert input_values(ADD, some) == {"x": 3, "y": [1], "z": None}
    with pytest.raises(BadValue, match=r"^x: the input is missing$"):
        input_values(ADD, Inputs())


def test_an_input_of_another_type_is_refused_with_its_place() -> None:
    other = [NamedLiteral(name="x", value=to_literal(str, "a")), NamedLiteral(name="y", value=to_literal(int, 1))]
    with pytest.raises(BadValue, match=r"^x: got text, 'a'; takes an integer$"):
        input_values(ADD, Inputs(literals=other))
    some = [
        NamedLiteral(name="x", value=to_literal(int, 1)),
        NamedLiteral(name="y", value=to_literal(list[str], ["a"])),
    ]
    with pytest.raises(BadValue, match=r"^y\[0\]: got text, 'a'; takes an integer$"):
        input_values(ADD, Inputs(literals=some))


def test_what_is_only_known_as_a_literal_is_sent_as_it_is() -> None:
    literal = to_literal(set[int], {3})
    message = inputs_message(ADD, {"x": Recorded(literal, "a set"), "y": []})
    assert message.literals[0].value == literal


class Pair(NamedTuple):
    left: int
    right: str


def one() -> int: ...  # type: ignore[empty-body]
def tuple_of_one() -> tuple[int]: ...  # type: ignore[empty-body]
def two() -> tuple[int, str]: ...  # type: ignore[empty-body]
def named() -> Pair: ...  # type: ignore[empty-body]
def maybe() -> tuple[int, str] | None: ...
def open_tuple() -> tuple[int, ...]: ...  # type: ignore[empty-body]
def none() -> None: ...
def untyped(): ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("function", "returned", "names"),
    [
        (one, 3, ["o0"]),
        (tuple_of_one, (3,), ["o0"]),
        (two, (1, "a"), ["o0", "o1"]),
        (named, Pair(1, "a"), ["left", "right"]),
        (maybe, (1, "a"), ["o0"]),
        (maybe, None, ["o0"]),
        (open_tuple, (1, 2, 3), ["o0"]),
        (none, None, []),
    ],
)
def test_what_a_task_returned_comes_back(function: Any, returned: Any, names: list[str]) -> None:
    interface = Interface.of(function)
    message = outputs_message(interface, returned)
    assert [each.name for each in message.literals] == names
    read = returned_value(interface, Outputs.FromString(message.SerializeToString()))
    assert read == returned
    assert type(read) is type(returned)


def test_what_is_returned_without_an_annotation_stays_behind() -> None:
    interface = Interface.of(untyped)
    assert outputs_message(interface, 3) == Outputs()
    assert output_values(interface, Outputs()) == ()


@pytest.mark.parametrize("returned", [3, (1,), (1, "a", 2)])
def test_as_many_values_as_declared_are_returned(returned: Any) -> None:
    with pytest.raises(BadValue, match="takes a tuple of 2"):
        outputs_message(Interface.of(two), returned)


def test_an_output_of_another_type_is_refused_by_name() -> None:
    with pytest.raises(BadValue, match=r"^right: got 3 of type int; takes text$"):
        outputs_message(Interface.of(named), Pair(1, 3))  # type: ignore[arg-type]


def test_a_missing_output_is_refused_by_name() -> None:
    with pytest.raises(BadValue, match=r"^o0: the output is missing$"):
        output_values(Interface.of(one), Outputs())


def test_large_pickles_go_to_the_store() -> None:
    def big(x: complex, y: bytes) -> None: ...

    interface = Interface.of(big)
    bucket = Bucket()
    message = inputs_message(interface, {"x": 1j, "y": b"x" * 20_000}, bucket)
    small, large = message.literals
    assert small.value.scalar.WhichOneof("value") == "binary"
    assert large.value.scalar.blob.uri in bucket.kept
    assert large.value.scalar.blob.metadata.type.format == "PythonPickle"
    assert input_values(interface, message, bucket) == {"x": 1j, "y": b"x" * 20_000}
    with pytest.raises(BadValue, match=r"^y: got .* bytes of pickle .*there is no store"):
        inputs_message(interface, {"x": 1j, "y": b"x" * 20_000})
