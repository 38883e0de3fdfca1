"""The digest of a call's inputs: by name, with defaults, and what enters otherwise than by value."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import flyte
from flyte.io import Dir, File
from flytectl_py.engines.cache_inputs import UncountableInputError, all_plain, counted_inputs, inputs_digest

env = flyte.TaskEnvironment("inputs", cache="auto")


@env.task
def task(x: Any, /, y: Any = 1, *, z: Any = None) -> None:
    return None


def digest(*args: Any, **kwargs: Any) -> str:
    return inputs_digest(task, args, kwargs)


def test_the_form_of_a_call_does_not_count() -> None:
    assert digest(0) == digest(0, 1) == digest(0, y=1) == digest(0, z=None, y=1)
    assert len({digest(0), digest(1), digest(0, 2), digest(0, z=1), digest(1, 0)}) == 5


def test_what_counts() -> None:
    assert counted_inputs(task) == ("x", "y", "z")
    assert counted_inputs(task.override(cache=flyte.Cache("auto", ignored_inputs="y"))) == ("x", "z")


def test_objects_enter_as_they_are_pickled() -> None:
    assert digest(OrderedDict(a=1)) == digest(OrderedDict(a=1))
    assert digest(OrderedDict(a=1)) != digest(OrderedDict(a=2))
    assert digest(OrderedDict(a=1)) != digest({"a": 1})
    with pytest.raises(UncountableInputError, match=r"input 'y'.*cannot pickle"):
        digest(0, [threading.Lock()])


def test_files_and_folders_enter_by_content(tmp_path: Path) -> None:
    contents = {"a": b"1", "b": b"1", "c": b"2", "d/x": b"1", "e/x": b"1", "f/y": b"1", "g/x/x": b"1"}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(content)

    def file(name: str) -> str:
        return digest([File(str(tmp_path / name))])

    def folder(name: str) -> str:
        return digest(Dir(str(tmp_path / name)))

    assert file("a") == file("b") != file("c")
    assert file("a") == digest([File((tmp_path / "a").as_uri())])
    assert folder("d") == folder("e")
    assert len({folder("d"), folder("f"), folder("g"), digest(File(str(tmp_path / "d" / "x")))}) == 4
    with pytest.raises(UncountableInputError, match="input 'x' cannot be read"):
        file("none")


def test_a_hash_stands_for_the_content() -> None:
    one: File[Any] = File.from_existing_remote("s3://b/k", file_cache_key="1")
    other: File[Any] = File.from_existing_remote("s3://b/k", file_cache_key="2")
    assert digest(one) != digest(other)
    assert digest(one) == digest(File.from_existing_remote("s3://b/other", file_cache_key="1"))


def test_a_remote_file_and_folder_enter_by_content() -> None:
    for name, content in {"a": b"1", "b": b"1", "c": b"2", "d/a": b"1", "e/a": b"1", "f/a": b"2"}.items():
        with File[Any](f"memory://cache-inputs/{name}").open_sync("wb") as out:
            out.write(content)
    files = [digest(File[Any](f"memory://cache-inputs/{name}")) for name in "abc"]
    folders = [digest(Dir[Any](f"memory://cache-inputs/{name}")) for name in "def"]
    assert files[0] == files[1] != files[2]
    assert folders[0] == folders[1] != folders[2]


def test_plain_values_are_known_at_a_glance() -> None:
    assert all_plain([1, "a", None, 2.0, b"", True])
    assert not all_plain([[1]])
    assert not all_plain([File("a")])
