"""Which files of a folder Flyte 1 puts into an image."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from flytectl_py.project.source_copies import copied_files, every_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "pkg_of_flyte1/z.py",
        "pkg_of_flyte1/a.py",
        "pkg_of_flyte1/__pycache__/a.pyc",
        "b.pyc",
        "data.txt",
        ".git/HEAD",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".dockerignore").write_text("*\n")
    (tmp_path / "broken").symlink_to("nowhere")
    return tmp_path


def test_all_but_by_products_and_no_ignore_file_counts(folder: Path) -> None:
    assert copied_files(folder, "all") == [".dockerignore", "data.txt", "pkg_of_flyte1/a.py", "pkg_of_flyte1/z.py"]


def test_only_what_modules_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    assert copied_files(folder, "loaded_modules") == []
    importlib.import_module("pkg_of_flyte1.z")
    try:
        assert copied_files(folder, "loaded_modules") == ["pkg_of_flyte1/z.py"]
    finally:
        for name in ("pkg_of_flyte1.z", "pkg_of_flyte1"):
            del sys.modules[name]


def test_the_files_of_each_folder_come_sorted(folder: Path) -> None:
    here = [each for each in every_file(folder, follow=False) if "/" not in each]
    assert here == [".dockerignore", "b.pyc", "data.txt"]
    (folder / "link").symlink_to("pkg_of_flyte1")
    assert "link/a.py" in set(every_file(folder, follow=True)) - set(every_file(folder, follow=False))
