"""What only a folder can do: be full, be read-only, hold something else, keep what killed writers left."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from pathlib import Path

import pytest

from flytectl_py.errors import FlyteError, UsageError
from flytectl_py.storage.api import ChecksumError, StoreUnavailableError
from flytectl_py.storage.local import INCOMING, LocalStore


def put(store: LocalStore, key: str = "a/x", data: bytes = b"content") -> bool:
    return store.put(key, lambda: io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest()).uploaded


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    store = LocalStore(str(tmp_path))
    with pytest.raises(StoreUnavailableError, match="the disk is full") as caught:
        put(store)
    assert caught.value.where == str(tmp_path / "a/x")
    assert caught.value.exit_code == 3
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert store.head("a/x") is None


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)  # permissions mean nothing to root
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        put(LocalStore(str(tmp_path / "new")))


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreUnavailableError, match="a file stands where"):
        put(LocalStore(str(tmp_path / "store")))


def test_a_folder_where_the_object_should_be(tmp_path: Path) -> None:
    (tmp_path / "a/x").mkdir(parents=True)
    with pytest.raises(StoreUnavailableError):
        put(LocalStore(str(tmp_path)))


def test_a_name_too_long_for_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not allowed"):
        put(LocalStore(str(tmp_path)), "x" * 300)


def test_the_file_itself_is_asked_for_its_digest(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put(store)
    (tmp_path / "a/x").write_bytes(b"CONTENT")
    with pytest.raises(ChecksumError):
        store.get("a/x", io.BytesIO(), sha256=hashlib.sha256(b"content").hexdigest())
    assert put(store)
    assert (tmp_path / "a/x").read_bytes() == b"content"


def test_others_may_read_the_object_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        put(LocalStore(str(tmp_path)))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a/x").stat().st_mode) == 0o644


def test_what_killed_writers_left_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    incoming = tmp_path / INCOMING
    incoming.mkdir()
    (incoming / "left over").write_bytes(b"half")
    store = LocalStore(str(tmp_path))
    seen: list[str] = []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not seen:
                seen.append("outer")
                put(store, "other", b"other")
            return super().read(size)

    assert store.put("a/x", lambda: Slow(b"content"), size=7, sha256=hashlib.sha256(b"content").hexdigest()).uploaded
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["other", "x"]


def test_an_empty_place_of_unfinished_uploads_goes_with_what_is_removed(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put(store, "x")
    store.delete("x")
    assert list(tmp_path.iterdir()) == []
    put(store, "x")
    (tmp_path / INCOMING / "of another").write_text("half")
    store.delete("x")
    assert (tmp_path / INCOMING / "of another").exists()


def test_a_writer_whose_place_was_taken_away_makes_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open
    taken: list[Path] = []

    def open_late(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_EXCL and not taken:
            taken.append(path)
            path.parent.rmdir()
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", open_late)
    assert put(LocalStore(str(tmp_path)), "x")
    assert taken
    assert (tmp_path / "x").read_bytes() == b"content"


def test_the_place_of_unfinished_uploads_is_no_place_for_objects(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="where uploads are gathered"):
        put(LocalStore(str(tmp_path)), f"{INCOMING}/x")


def test_a_file_uri_of_another_machine(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder of this machine") as caught:
        LocalStore("file://tmp/x")
    assert "file:///tmp/x" in caught.value.hint


def test_percent_signs_of_a_file_uri(tmp_path: Path) -> None:
    assert LocalStore((tmp_path / "a b%c").as_uri()).folder == tmp_path / "a b%c"


def test_errors_of_a_progress_callback_are_the_callers(tmp_path: Path) -> None:
    def broken(done: int, total: int) -> None:
        if done:
            raise FlyteError("stop")

    with pytest.raises(FlyteError, match="stop"):
        LocalStore(str(tmp_path)).put(
            "x", lambda: io.BytesIO(b"content"), size=7, sha256=hashlib.sha256(b"content").hexdigest(), progress=broken
        )
    assert not (tmp_path / "x").exists()
