"""File and Dir as values."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import pytest

import flyte.io
from flytectl_py.errors import DeclarationError
from flytectl_py.model.files import Dir, File


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
