"""File and Dir as values."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import pydantic
import pytest

import flyte.io
from flytectl_py.errors import DeclarationError
from flytectl_py.model.files import Dir, File
from flytectl_py.model.tables import DataFrame


@pytest.mark.parametrize("kind", [File, Dir])
@pytest.mark.parametrize(
    ("path", "name", "is_remote"),
    [
        ("s3://bucket/a/x.csv", "x.csv", True),
        ("GS://bucket/a/", "a", True),
        ("file:///tmp/x", "x", False),
        ("x.csv", "x.csv", False),
        ("a/b/", "b", False),
        (pathlib.PurePosixPath("a/b"), "b", False),
    ],
)
def test_name_and_place(kind: Any, path: Any, name: str, is_remote: bool) -> None:
    value = kind(path)
    assert (value.path, value.name, value.is_remote) == (str(path), name, is_remote)


def test_equal_by_path_and_kind() -> None:
    assert File("a") == File(path="a")
    assert hash(File("a")) == hash(File("a"))
    assert File("a") != File("b")
    assert File("a") != Dir("a")


def test_frozen_and_subscriptable() -> None:
    assert File[str]("a") == File("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        File("a").path = "b"  # type: ignore[misc]


@pytest.mark.parametrize("wrong", ["", 3, None])
def test_not_a_path(wrong: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Dir\(path\)"):
        Dir(wrong)


def test_the_facade_has_both() -> None:
    assert (flyte.io.File, flyte.io.Dir) == (File, Dir)


def test_what_else_it_holds() -> None:
    file = File[bytes]("s3://b/x.csv", name="mine", format="csv", hash="h")
    assert (file.name, file.format, file.hash) == ("mine", "csv", "h")
    assert File.from_existing_remote("s3://b/x", "key").hash == "key"
    assert Dir.from_existing_remote("s3://b/x", "key").hash == "key"
    assert File("a", hash="1") == File("a", hash="2")


def test_pre_init_fills_in_the_name() -> None:
    assert File.pre_init({"path": "a/b.txt"}) == {"path": "a/b.txt", "name": "b.txt"}
    assert File.pre_init({"path": "a", "name": "n"}) == {"path": "a", "name": "n"}
    assert File.pre_init("a") == "a"


@pytest.mark.parametrize("wrong", [3, object()])
def test_not_a_hash_method(wrong: Any) -> None:
    with pytest.raises(DeclarationError, match="hash_method"):
        File.from_local_sync("x", hash_method=wrong)


class Model(pydantic.BaseModel):
    file: File
    typed: File[str]
    folder: Dir | None = None
    table: DataFrame | None = None


def test_in_a_model_of_pydantic() -> None:
    model = Model.model_validate({"file": "a.txt", "typed": {"path": "b"}, "folder": {"path": "c", "hash": "h"}})
    assert (model.file, model.typed, model.folder) == (File("a.txt"), File("b"), Dir("c"))
    assert model.model_dump()["file"] == {"path": "a.txt", "name": "a.txt", "format": "", "hash": None}
    back = Model.model_validate_json(model.model_dump_json())
    assert back == model
    assert back.folder is not None
    assert back.folder.hash == "h"
    assert Model(file=File("x"), typed=File("y"), table=DataFrame(uri="t.csv")).model_dump()["table"]["uri"] == "t.csv"
    assert Model.model_json_schema()["$defs"]["File"]["required"] == ["path"]
    with pytest.raises(pydantic.ValidationError):
        Model.model_validate({"file": {"path": 3}, "typed": "x"})
