"""What names, folders and globs bring."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.plan.bundle import Include
from flytectl_py.project.include import Included, included_files

FILES = dict.fromkeys(
    ("a.txt", "b.csv", ".hidden.csv", "d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv", "d/__pycache__/z.csv",
     "node_modules/q.csv", ".aws/z.csv", "d-e/y.csv"), "",
)  # fmt: skip


def brought(root: Path, *texts: str, anchor: str = "") -> list[str]:
    includes = [Include(text, str(root / anchor), "here") for text in texts]
    return [each.entry.path for each in included_files(root, includes) if isinstance(each, Included)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a.txt"], ["a.txt"]),
        (["./a.txt"], ["a.txt"]),
        (["*.csv"], [".hidden.csv", "b.csv"]),
        (["d"], ["d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv"]),
        (["d/"], ["d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv"]),
        (["d/*.csv"], ["d/a.csv", "d/x[1].csv"]),
        (["d/?.csv"], ["d/a.csv"]),
        (["d/[a-c].csv"], ["d/a.csv"]),
        (["d/[!a]*.csv"], ["d/x[1].csv"]),
        (["d/x[[]1].csv"], ["d/x[1].csv"]),
        (["d/*"], ["d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv"]),
        (["d*"], ["d-e/y.csv", "d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv"]),
        (["d/**/c.csv"], ["d/e/f/c.csv"]),
        (["**/b.csv"], ["b.csv", "d/e/b.csv"]),
        (["d/**"], ["d/a.csv", "d/e/b.csv", "d/e/f/c.csv", "d/x[1].csv"]),
        (["node_modules"], ["node_modules/q.csv"]),
        (["node_modules/*.csv", "a.txt"], ["a.txt", "node_modules/q.csv"]),
        (["d/__pycache__/z.csv"], ["d/__pycache__/z.csv"]),
        ([".aws/z.csv"], [".aws/z.csv"]),
    ],
)
def test_what_each_brings(tree, texts: list[str], expected: list[str]) -> None:
    assert brought(tree(FILES), *texts) == expected


def test_anchors_and_parents(tree) -> None:
    root = tree(FILES)
    assert brought(root, "../a.txt", "e", anchor="d") == ["a.txt", "d/e/b.csv", "d/e/f/c.csv"]
    assert brought(root, str(root / "d/e")) == ["d/e/b.csv", "d/e/f/c.csv"]
    assert brought(root, f"{root}/d/*.csv", anchor="/") == ["d/a.csv", "d/x[1].csv"]


def test_an_anchor_that_is_written_through_a_link(tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tree(FILES)
    link = tmp_path_factory.mktemp("links") / "root"
    link.symlink_to(root)
    assert brought(root, str(link / "d/*.csv")) == ["d/a.csv", "d/x[1].csv"]
    assert brought(root, str(link / "a.txt")) == ["a.txt"]


def test_the_first_that_brings_a_file_is_its_reason_and_an_exact_name_counts(tree) -> None:
    root = tree(FILES)
    includes = [Include("*.txt", str(root), "one"), Include("a.txt", str(root), "two")]
    (found,) = [each for each in included_files(root, includes) if isinstance(each, Included)]
    assert (found.include.declared, found.by_name) == ("one", True)
    (found,) = [each for each in included_files(root, includes[:1]) if isinstance(each, Included)]
    assert not found.by_name


def test_one_of_two_that_brings_nothing_is_told(tree) -> None:
    root = tree(FILES)
    with pytest.raises(UsageError, match=r"include '\*\.none' brings no file"):
        brought(root, "a.txt", "*.none")
    (root / "empty").mkdir()
    with pytest.raises(UsageError, match="'empty' brings no file"):
        brought(root, "empty")


def test_only_the_way_to_what_is_named_is_walked(tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(FILES)
    asked: list[str] = []
    scandir = os.scandir

    def watched(place):
        asked.append(str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", watched)
    brought(root, "d/e/*.csv")
    assert [os.path.relpath(each, root) for each in asked] == [".", "d", "d/e", "d/e/f"]
