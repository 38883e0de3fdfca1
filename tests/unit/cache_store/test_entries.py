"""Entries of the cache on disk: what is written comes back, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flytectl_py.cache_store.entries import CacheStore, UnreadableEntryError

KEY = "ab" + "0" * 62


def test_an_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    store = CacheStore(tmp_path / "cache")
    assert store.read(KEY) is None
    store.write(KEY, {"task": "e.f", "umlaut": "ü"}, b"\n\0payload\n", 12.5)
    entry = CacheStore(tmp_path / "cache").read(KEY)
    assert entry == ({"task": "e.f", "umlaut": "ü"}, b"\n\0payload\n", 12.5)
    store.write(KEY, {}, b"", 13)
    assert store.read(KEY) == ({}, b"", 13)
    store.forget(KEY)
    store.forget(KEY)
    assert store.read(KEY) is None


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    store = CacheStore(tmp_path / "cache")
    before = os.umask(0)
    try:
        store.write(KEY, {}, b"x", 0)
    finally:
        os.umask(before)
    file = Path(store.file_of(KEY))
    modes = [each.stat().st_mode & 0o777 for each in (file, file.parent, store.folder)]
    assert modes == [0o600, 0o700, 0o700]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-1], "damaged"),
        (lambda data: data + b"x", "damaged"),
        (lambda data: data.replace(b"e.f", b"e.g"), "damaged"),
        (lambda data: b"", "no entry of this version"),
        (lambda data: data.replace(b"entry 1", b"entry 2"), "no entry of this version"),
    ],
)
def test_what_is_damaged_is_told_from_what_is_not_there(tmp_path: Path, damage: object, said: str) -> None:
    store = CacheStore(tmp_path)
    store.write(KEY, {"task": "e.f"}, b"payload", 0)
    file = Path(store.file_of(KEY))
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(UnreadableEntryError, match=said):
        store.read(KEY)


def test_a_folder_in_its_place_is_unreadable(tmp_path: Path) -> None:
    store = CacheStore(tmp_path)
    Path(store.file_of(KEY)).mkdir(parents=True)
    with pytest.raises(UnreadableEntryError, match="directory"):
        store.read(KEY)
    with pytest.raises(OSError, match="directory"):
        store.write(KEY, {}, b"", 0)
    assert [each.path.name for each in store.files()] == [f"{KEY}.entry"]


def test_what_others_may_write_to_is_not_read(tmp_path: Path) -> None:
    store = CacheStore(tmp_path / "cache")
    store.write(KEY, {}, b"payload", 5)
    Path(store.file_of(KEY)).chmod(0o620)
    with pytest.raises(UnreadableEntryError, match="may write"):
        store.read(KEY)
    store.folder.chmod(0o777)  # As on a file system that shows the same modes for everything.
    assert store.read(KEY) == ({}, b"payload", 5)


def test_reading_an_entry_uses_it(tmp_path: Path) -> None:
    store = CacheStore(tmp_path)
    store.write(KEY, {}, b"payload", 5)
    os.utime(store.file_of(KEY), (1000, 1000))
    assert [each.used for each in store.files()] == [1000]
    entry = store.read(KEY)
    assert entry is not None
    assert entry.written == 5
    assert [each.used > 1e9 for each in store.files()] == [True]


def test_all_files_are_listed_and_locks_are_not(tmp_path: Path) -> None:
    store = CacheStore(tmp_path)
    assert list(store.files()) == []
    for number in range(3):
        store.write(f"{number}" * 64, {}, b"payload", 0)
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "x.lock").touch()
    found = list(store.files())
    assert [each.path.name[0] for each in found] == ["0", "1", "2"]
    assert all(each.size > 7 and each.used > 1e9 for each in found)
