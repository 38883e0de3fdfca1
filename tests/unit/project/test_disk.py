"""The disk as declarations ask about it."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

import pytest

import flyte
from flytectl_py.errors import InvalidImageError, UsageError
from flytectl_py.model.cache import VersionParameters
from flytectl_py.project.disk import Disk


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    disk = Disk(str(tmp_path))
    assert [disk.is_file(each) for each in ("a.txt", "link", "b.txt", ".")] == [True, True, False, False]
    assert [disk.is_dir(each) for each in (".", str(tmp_path), "a.txt")] == [True, True, False]


def test_the_source_of_a_function() -> None:
    def f() -> int:
        return 12

    @functools.wraps(f)
    def wrapper() -> int:
        return f()

    assert Disk().source_of(f).endswith("return 12\n")
    assert Disk().source_of(wrapper) == Disk().source_of(f)


def test_a_function_without_a_source() -> None:
    scope: dict[str, object] = {}
    exec(compile("def f(): pass", "<made by a test>", "exec"), scope)
    for function in (scope["f"], len):
        with pytest.raises(UsageError, match="source text of") as caught:
            Disk().source_of(function)  # type: ignore[arg-type]
        assert "version_override" in caught.value.hint


def test_import_flyte_lets_declarations_ask_it_on_every_thread(tmp_path: Path) -> None:
    image = flyte.Image.from_debian_base().with_source_file(tmp_path / "missing.py")
    found: list[BaseException] = []

    def look() -> None:
        try:
            image.validate()
        except InvalidImageError as error:
            found.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    look()
    assert [str(tmp_path / "missing.py") in str(error) for error in found] == [True, True]
    assert len(flyte.Cache("auto").get_version(_parameters())) == 64


def _parameters() -> VersionParameters:
    return VersionParameters(_parameters)
