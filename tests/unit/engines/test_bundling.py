"""Planning and delivering a bundle: files that change meanwhile, what is remembered, how much memory it takes."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from flytectl_py.engines import bundle_delivery, bundling
from flytectl_py.engines.bundle_delivery import make_bundle, push_bundle
from flytectl_py.engines.bundle_history import last_bundle
from flytectl_py.engines.bundle_imports import Code
from flytectl_py.engines.bundling import Request, plan_bundle, plan_folder
from flytectl_py.errors import FileChangedError, UsageError

ALL = Request("all")


@pytest.fixture
def code(tmp_path: Path) -> Code:
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text("x = 1\n")
    (root / "data.txt").write_text("data")
    return Code(root, (root,), root / "app.py", (), {})


def changing(monkeypatch: pytest.MonkeyPatch, code: Code, times: int) -> list[int]:
    """Let data.txt change `times` times just before it is packed."""
    write, changed = bundle_delivery.write_archive, [0]

    def meddling(manifest, open_file, out):
        if changed[0] < times:
            changed[0] += 1
            (code.root / "data.txt").write_text("x" * changed[0])
        return write(manifest, open_file, out)

    monkeypatch.setattr(bundle_delivery, "write_archive", meddling)
    return changed


def test_a_file_that_changes_once_makes_it_start_over(
    monkeypatch: pytest.MonkeyPatch, code: Code, tmp_path: Path
) -> None:
    changing(monkeypatch, code, 1)
    plan, delivered = make_bundle(code, ALL, str(tmp_path / "b.tar.gz"))
    assert delivered is not None
    assert next(each.size for each in plan.files if each.path == "data.txt") == 1
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        assert archive.extractfile("data.txt").read() == b"x"


def test_a_file_that_keeps_changing_is_an_error_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, code: Code, tmp_path: Path
) -> None:
    changed = changing(monkeypatch, code, 9)
    with pytest.raises(FileChangedError, match=r"'data\.txt'"):
        make_bundle(code, ALL, str(tmp_path / "b.tar.gz"))
    assert changed == [2]
    assert [each.name for each in tmp_path.iterdir()] == ["project"]


def test_a_file_that_vanishes_while_it_is_listed_makes_it_start_over(
    monkeypatch: pytest.MonkeyPatch, code: Code
) -> None:
    hash_files, calls = bundling.hash_files, []

    def vanishing(root, paths, index):
        calls.append(list(paths))
        (root / "data.txt").unlink(missing_ok=True)
        return hash_files(root, calls[-1], index)

    monkeypatch.setattr(bundling, "hash_files", vanishing)
    assert [each.path for each in plan_bundle(code, ALL).files] == ["app.py"]
    assert calls == [["app.py", "data.txt"], ["app.py"]]


def test_the_last_bundle_is_remembered(code: Code) -> None:
    assert last_bundle(code.root) is None
    plan, _ = make_bundle(code, ALL)
    assert last_bundle(code.root) == plan.manifest
    (code.root / "more.txt").write_text("")
    plan, _ = make_bundle(code, ALL)
    assert last_bundle(code.root).digest == plan.digest


def test_a_store_that_has_it_is_sent_nothing(monkeypatch: pytest.MonkeyPatch, code: Code) -> None:
    plan = plan_bundle(code, ALL)
    assert push_bundle(plan, "memory://bundles").uploaded
    monkeypatch.delattr(bundle_delivery, "write_archive")  # not even packed
    again = push_bundle(plan, "memory://bundles")
    assert (again.uploaded, again.is_uri) == (False, True)


def test_a_folder_is_listed_without_loading(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(")
    assert [each.path for each in plan_folder(tmp_path).files] == ["broken.py"]


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".flyteignore").write_text("*\n")
    with pytest.raises(UsageError, match="no file is left"):
        plan_bundle(Code(tmp_path, (), tmp_path, (), {}), ALL)


def test_progress_is_told_in_bytes(code: Code, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    make_bundle(code, ALL, str(tmp_path / "b.tar.gz"), lambda *each: told.append(each))
    assert told[0] == ("packing", 6, 10)
    assert told[-1] == ("packing", 10, 10)


def test_memory_does_not_grow_with_the_files(code: Code, tmp_path: Path) -> None:
    import tracemalloc

    with (code.root / "large.bin").open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
    tracemalloc.start()
    try:
        make_bundle(code, ALL, str(tmp_path / "b.tar.gz"))
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()
