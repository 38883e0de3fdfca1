"""What stores do, whatever stands behind them: inherit `StoreContract` and what else applies; give `address`."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, ClassVar

import pytest

from flytectl_py.data.places import DataStore
from flytectl_py.errors import FlyteError, UsageError
from flytectl_py.storage.api import ChecksumError, ObjectMissingError, PutResult, Store, StoreUnavailableError
from flytectl_py.storage.registry import open_store
from tests.support import put_object
from tests.support.put_object import content

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: Store, key: str, data: bytes) -> PutResult:
    return store.put(key, lambda: io.BytesIO(data), size=len(data), sha256=digest(data))


def fetched(store: Store, key: str, sha256: str | None = None) -> bytes:
    out = io.BytesIO()
    store.get(key, out, sha256=sha256)
    return out.getvalue()


def never() -> BinaryIO:
    raise AssertionError("the content was read although the store has it")


class StoreContract:
    """What every store does."""

    big: ClassVar[int] = 12 * MIB
    """Bytes that this store sends in several parts, if it has parts."""

    @pytest.fixture
    def address(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, address: str) -> Iterator[Store]:
        with open_store(address) as store:
            yield store

    def test_is_a_store(self, store: Store) -> None:
        assert isinstance(store, Store)

    def test_what_was_put_is_there(self, store: Store) -> None:
        done = put(store, "bundles/one.tar.gz", b"content")
        assert done.uploaded
        assert done.uri.endswith("bundles/one.tar.gz")
        info = store.head("bundles/one.tar.gz")
        assert info is not None
        assert info.size == 7
        assert info.sha256 in {None, digest(b"content")}
        assert fetched(store, "bundles/one.tar.gz", digest(b"content")) == b"content"

    @pytest.mark.parametrize("before", [b"longer than the content", b"bad"], ids=["other size", "same size"])
    def test_an_object_that_is_not_the_content_is_replaced(self, store: Store, before: bytes) -> None:
        put(store, "replaced", before)
        assert put(store, "replaced", b"new").uploaded
        assert fetched(store, "replaced", digest(b"new")) == b"new"

    def test_no_bytes(self, store: Store) -> None:
        assert put(store, "empty", b"").uploaded
        info = store.head("empty")
        assert info is not None
        assert info.size == 0
        assert fetched(store, "empty", digest(b"")) == b""

    def test_names_of_any_letters(self, store: Store) -> None:
        keys = ["ünïcode/日本語.tar", "a b+c%20d&e=f", "a b+c d&e=f", "q?x=1#y", "a/b/c/d.e"]
        for key in keys:
            put(store, key, key.encode())
        assert [fetched(store, key).decode() for key in keys] == keys

    def test_names_that_cannot_be(self, store: Store) -> None:
        for key in ["", "/x", "x/", "a//b", "../x", "a/../b", "a/./b", "a\\b", "a\nb", "x" * 1025]:
            with pytest.raises(UsageError, match="cannot be the name"):
                put(store, key, b"x")

    def test_threads_put_one_object_at_once(self, store: Store) -> None:
        data = content(self.big)
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda _: put(store, "race", data), range(3)))
        assert any(each.uploaded for each in done)
        assert fetched(store, "race", digest(data)) == data

    def test_large_content_with_progress(self, store: Store) -> None:
        data = content(self.big)
        told: list[tuple[int, int]] = []
        store.put(
            "large",
            lambda: io.BytesIO(data),
            size=len(data),
            sha256=digest(data),
            progress=lambda done, total: told.append((done, total)),
        )
        moved = [done for done, _ in told]
        assert moved == sorted(moved)
        assert told[0] == (0, len(data))
        assert told[-1] == (len(data), len(data))
        assert len(told) > 3
        told.clear()
        out = io.BytesIO()
        store.get("large", out, sha256=digest(data), progress=lambda done, total: told.append((done, total)))
        assert out.getvalue() == data
        assert told[-1] == (len(data), len(data))

    @pytest.mark.parametrize("size", [10, 24 * MIB], ids=["small", "large"])
    @pytest.mark.parametrize("wrong", ["bytes", "too few", "too many"])
    def test_content_that_is_not_what_was_declared(self, store: Store, size: int, wrong: str) -> None:
        data = content(size)
        sent = {"bytes": data[:-1] + b"!", "too few": data[:-1], "too many": data + b"!"}[wrong]
        with pytest.raises(ChecksumError, match=r"not what it was declared") as caught:
            store.put("wrong", lambda: io.BytesIO(sent), size=size, sha256=digest(data))
        assert caught.value.hint
        assert store.head("wrong") is None

    def test_an_object_that_is_not_what_was_expected(self, store: Store) -> None:
        put(store, "other", b"content")
        with pytest.raises(ChecksumError, match="holds other content"):
            fetched(store, "other", digest(b"something else"))

    def test_content_that_cannot_be_read(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(FlyteError, match="cannot be read") as caught:
            store.put("x", (tmp_path / "absent").open, size=1, sha256=digest(b"x"))  # type: ignore[arg-type]
        assert caught.value.where == str(tmp_path / "absent")

    def test_a_digest_that_is_none(self, store: Store) -> None:
        with pytest.raises(UsageError, match="SHA-256"):
            store.put("x", never, size=1, sha256="ABC")

    def test_no_such_object(self, store: Store) -> None:
        assert store.head("absent") is None
        with pytest.raises(ObjectMissingError) as caught:
            fetched(store, "absent")
        assert caught.value.exit_code == 3
        assert caught.value.where == store.uri("absent")
        assert caught.value.hint


class AnsweringContract:
    """What stores do that can be asked what they hold."""

    def test_content_that_is_there_is_not_sent_again(self, store: Store) -> None:
        put(store, "again", b"content")
        done = store.put("again", never, size=7, sha256=digest(b"content"))
        assert not done.uploaded
        assert done.uri == store.uri("again")

    def test_it_says_whether_it_holds_just_that_content(self, store: Store) -> None:
        assert not store.holds("asked", size=7, sha256=digest(b"content"))
        put(store, "asked", b"content")
        assert store.holds("asked", size=7, sha256=digest(b"content"))
        assert not store.holds("asked", size=7, sha256=digest(b"another"))
        assert not store.holds("asked", size=8, sha256=digest(b"content"))

    def test_content_that_was_removed_is_sent_again(self, store: Store) -> None:
        put(store, "gone", b"content")
        store.delete("gone")
        assert store.head("gone") is None
        assert put(store, "gone", b"content").uploaded
        assert fetched(store, "gone") == b"content"

    def test_delete_what_is_not_there(self, store: Store) -> None:
        store.delete("absent")


class BrowsableContract:
    """What stores do that can be looked into."""

    def test_read_from_anywhere(self, store: DataStore) -> None:
        data = content(3 * MIB)
        put(store, "ranges/x", data)
        assert store.read("ranges/x", 0, 5) == data[:5]
        assert store.read("ranges/x", 2 * MIB, 7) == data[2 * MIB :][:7]
        end = store.read("ranges/x", len(data) - 3, 100)
        assert end == data[-3:]

    def test_read_what_is_not_there(self, store: DataStore) -> None:
        put(store, "some", b"x")
        with pytest.raises(FlyteError):
            store.read("none", 0, 1)

    def test_listed(self, store: DataStore) -> None:
        for key in ("list/b", "list/a", "list/in/c", "list/in/deep/d", "listen/x"):
            put(store, key, key.encode())
        assert [each.key for each in store.listed("list")] == ["list/a", "list/b", "list/in/c", "list/in/deep/d"]
        assert [each.size for each in store.listed("list")] == [6, 6, 9, 14]
        assert [each.key for each in store.listed("list", deep=False)] == ["list/a", "list/b"]
        assert [each.key for each in store.listed("list/in")] == ["list/in/c", "list/in/deep/d"]
        assert {each.key for each in store.listed("")} >= {"list/a", "listen/x"}
        assert list(store.listed("nothing")) == []
        assert list(store.listed("list/a")) == []


class SharedContract:
    """What stores do that another process reaches through `address`."""

    big: ClassVar[int]

    def test_processes_put_one_object_at_once(self, store: Store, address: str) -> None:
        data = content(self.big)
        racing = [_process(address, "race", self.big) for _ in range(3)]
        said = [(process.communicate(timeout=120), process.returncode) for process in racing]
        assert all(code == 0 for _, code in said), said
        assert {out[1] for out, _ in said} == {""}
        assert "uploaded" in {out[0].strip() for out, _ in said}
        assert fetched(store, "race", digest(data)) == data

    def test_a_killed_upload_leaves_no_object(self, store: Store, address: str) -> None:
        size = 24 * MIB
        process = _process(address, "killed", size, 17 * MIB)
        assert process.stdout is not None
        assert process.stdout.readline() == "stalled\n"
        process.kill()
        process.communicate()
        assert store.head("killed") is None
        with pytest.raises(ObjectMissingError):
            fetched(store, "killed")
        assert put(store, "killed", content(size)).uploaded
        assert fetched(store, "killed", digest(content(size))) == content(size)


class BucketContract:
    """What stores do whose objects live in a bucket, which may not be there: `lost_address` names such a one."""

    def test_no_such_bucket(self, lost_address: str) -> None:
        with open_store(lost_address) as store:
            for attempt in (
                lambda: put(store, "x", b"x"),
                lambda: put(store, "x", content(24 * MIB)),
                lambda: fetched(store, "x"),
                lambda: store.head("x"),
            ):
                with pytest.raises(StoreUnavailableError, match="no such bucket") as caught:
                    attempt()
                assert caught.value.where == store.uri("x")


def _process(address: str, key: str, size: int, stall_at: int | None = None) -> subprocess.Popen[str]:
    extra = [] if stall_at is None else [str(stall_at)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, str(put_object.__file__), address, key, str(size), *extra],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
