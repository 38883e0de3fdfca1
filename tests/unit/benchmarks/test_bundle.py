"""The comparison of bundles: what it measures and claims, and that only the same work is compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.bench import Bench
from benchmarks.cases import bundle, bundle_trees
from benchmarks.cases.bundle_trees import Tree
from benchmarks.measure import CannotMeasureError
from benchmarks.peer import Peer

TREES = ((Tree("small", 12, 60), 1), (Tree("medium", 1000, 500), 1), (Tree("medium in junk", 12, 60, junk=True), 1))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_trees, "_JUNK_FOLDERS", {".git/objects": 3, ".venv/lib": 3, "node_modules": 3})
    monkeypatch.setattr(bundle, "TREES", TREES)
    monkeypatch.setattr(bundle, "settle", lambda: None)


def bench(folder: Path, peer: str) -> Bench:
    return Bench(folder, Peer(Path(peer), Path(peer)), 1)


def test_measures_both_states_of_each_folder_and_claims_where_work_is_most_of_it(tmp_path: Path) -> None:
    found = bundle.measure(bench(tmp_path, sys.executable))
    assert [(each.name, each.limit) for each in found] == [
        ("bundle small (12 files, 60 KB), first, process", None),
        ("bundle small (12 files, 60 KB), first, work", 0.25),
        ("bundle small (12 files, 60 KB), unchanged, process", None),
        ("bundle small (12 files, 60 KB), unchanged, work", None),
        ("bundle medium (1000 files, 500 KB), first, process", 0.25),
        ("bundle medium (1000 files, 500 KB), first, work", 0.25),
        ("bundle medium (1000 files, 500 KB), unchanged, process", None),
        ("bundle medium (1000 files, 500 KB), unchanged, work", 0.06),
        ("bundle medium in junk (12 files, 60 KB), first, process", None),
        ("bundle medium in junk (12 files, 60 KB), first, work", 0.25),
        ("bundle medium in junk (12 files, 60 KB), unchanged, process", None),
        ("bundle medium in junk (12 files, 60 KB), unchanged, work", None),
        ("bundle medium in junk, first, process", 1.1),
        ("bundle medium in junk, unchanged, process", 1.1),
    ]
    assert all(value > 0 for each in found for value in (*each.ours, *each.other))


def test_a_peer_that_leaves_files_out_is_not_compared(tmp_path: Path) -> None:
    fake = tmp_path / "fake"
    fake.write_text('#!/bin/sh\ntar -czf "$2/some.tar.gz" app.py\necho 0.1\n')
    fake.chmod(0o755)
    with pytest.raises(CannotMeasureError, match="holds 1 files, not the 11 of"):
        bundle.measure(bench(tmp_path, str(fake)))
