"""Outputs in the cache: equal values of the same types come back, and nothing that is not theirs is loaded."""

from __future__ import annotations

import collections
import dataclasses
import enum
import json
import os
import pickle
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import flyte
from flyte.io import Dir, File
from flytectl_py.engines.cache_values import ChangedFileError, NotKeptError, kept, restored

env = flyte.TaskEnvironment("values")


@env.task
def task(x: Any) -> Any:
    return x


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


class Pair(NamedTuple):
    x: int
    y: list[int]


class Tally(dict[str, int]):
    """A dict of the user's own."""


class Broken:
    def __reduce__(self) -> Any:
        raise RuntimeError("never")


class Changes:
    def __reduce__(self) -> Any:
        return list, ()


def back(value: Any) -> Any:
    head, payload = kept(task, value)
    return restored(task, json.loads(json.dumps(head)), payload)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 1, 10**30, 1.5, float("inf"), "text", "\ud800", b"\0", [1, [2.0]], (1, (2,)), {1: "a", (2,): None},
        {1, 2}, frozenset({1}), Color.RED, Point(1, {"a": Point(2)}), Pair(1, [2]), Tally(a=1), Decimal("1.10"),
        datetime(2026, 1, 1, tzinfo=UTC), Path("a"), re.compile("a"), range(3), collections.Counter("aab"), 1j, len,
        Point,
    ],
)  # fmt: skip
def test_values_come_back_equal_and_of_their_types(value: Any) -> None:
    assert back(value) == value
    assert type(back(value)) is type(value)


def test_plain_data_needs_nothing_loaded() -> None:
    assert kept(task, {"a": [1, 2.0, (b"x", None)]})[0]["needs"] == []
    assert kept(task, Point(1))[0]["needs"] == [(__name__, "Point")]


@pytest.mark.parametrize("value", [lambda: 1, (x for x in "ab"), Broken(), Changes(), sys.stdout, [Broken()]])
def test_what_cannot_come_back_is_refused(value: Any) -> None:
    with pytest.raises(NotKeptError, match="its output"):
        kept(task, value)


def test_only_what_the_head_names_is_loaded() -> None:
    head, _ = kept(task, Point(1))
    with pytest.raises(NotKeptError, match="not among what it may use"):
        restored(task, head, pickle.dumps(print))
    with pytest.raises(NotKeptError, match="not among what it may use"):
        restored(task, {}, pickle.dumps(Point(1)))


def test_a_class_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    head, payload = kept(task, Point(1))
    monkeypatch.delattr(sys.modules[__name__], "Point")
    with pytest.raises(NotKeptError, match=r"AttributeError.*Point"):
        restored(task, head, payload)


def test_a_program_and_a_module_of_one_file_share_values() -> None:
    head, payload = kept(task, Point(1))
    head = json.loads(json.dumps(head).replace(__name__, "__main__"))
    payload = payload.replace(
        pickle.SHORT_BINUNICODE + bytes([len(__name__)]) + __name__.encode(), pickle.SHORT_BINUNICODE + b"\x08__main__"
    )
    # The frame's length stands before it.
    payload = pickle.PROTO + b"\x05" + payload[11:]
    assert restored(task, head, payload) == Point(1)


def test_files_that_were_returned_must_still_be_there(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "folder"
    file.write_text("abc")
    folder.mkdir()
    (folder / "b.txt").write_text("abc")
    value = Point(1, {"file": File(str(file)), "folder": [Dir(str(folder))], "remote": File("s3://bucket/key")})
    head, payload = kept(task, value)
    assert restored(task, head, payload) == value
    (folder / "b.txt").write_text("abcd")
    with pytest.raises(ChangedFileError, match="folder has changed"):
        restored(task, head, payload)
    head, payload = kept(task, value)
    os.utime(file, ns=(1, 1))
    with pytest.raises(ChangedFileError, match=r"a\.txt has changed"):
        restored(task, head, payload)
    file.unlink()
    with pytest.raises(NotKeptError, match=r"a\.txt, which is not there"):
        kept(task, value)
