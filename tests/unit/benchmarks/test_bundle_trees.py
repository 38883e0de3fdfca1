"""The folders that are bundled are the same each time, and what has to travel is what is in them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from benchmarks.cases import bundle_trees
from benchmarks.cases.bundle_trees import Tree, write_tree

TREE = Tree("tiny", 30, 200, random_every=10)


def content(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    assert write_tree(tmp_path / "one", TREE) == write_tree(tmp_path / "two", TREE)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_as_many_files_and_bytes_as_it_says(tmp_path: Path) -> None:
    paths = write_tree(tmp_path / "project", TREE)
    held = content(tmp_path / "project")
    assert set(held) == paths | {".gitignore"}
    assert len(held) == TREE.files
    assert 0.7 < sum(map(len, held.values())) / (TREE.kib * 1024) < 1.3


def test_files_are_what_their_names_say(tmp_path: Path) -> None:
    write_tree(tmp_path / "project", TREE)
    kinds = {"py": 0, "json": 0, "bin": 0}
    for path, data in content(tmp_path / "project").items():
        kind = path.rpartition(".")[2]
        if kind == "py":
            ast.parse(data)
        elif kind == "json":
            json.loads(data)
        kinds[kind] = kinds.get(kind, 0) + 1
    assert kinds["py"] > kinds["json"] > 0
    assert kinds["bin"] == 2


def test_junk_changes_nothing_that_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_trees, "_JUNK_FOLDERS", {".git/objects": 50, ".venv/lib": 3, "node_modules": 3})
    clean = write_tree(tmp_path / "clean", TREE)
    assert write_tree(tmp_path / "junk", Tree("tiny", 30, 200, random_every=10, junk=True)) == clean
    held = content(tmp_path / "junk")
    junk = [path for path in held if path.startswith((".git/objects/", ".venv/lib/", "node_modules/"))]
    assert len(junk) == 56
    assert {path: held[path] for path in clean} == {path: content(tmp_path / "clean")[path] for path in clean}
