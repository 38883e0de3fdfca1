"""Ranges of an object as a stream: which requests are made, and that the bytes are right wherever one looks."""

from __future__ import annotations

import hashlib
import io
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.data.places import Object
from flytectl_py.data.streams import RangeReader
from flytectl_py.storage.api import ObjectMissingError, StoreUnavailableError
from flytectl_py.storage.memory import MemoryStore

DATA = bytes(range(256)) * 16


class Watched(MemoryStore):
    """Says what it was asked for, and fails at one place if told to."""

    def __init__(self) -> None:
        super().__init__("memory://watched/x")
        self.asked: list[tuple[int, int]] = []
        self.fails_at: int | None = None
        digest = hashlib.sha256(DATA).hexdigest()
        self.put("data", lambda: io.BytesIO(DATA), size=len(DATA), sha256=digest)

    def read(self, key: str, start: int, length: int) -> bytes:
        self.asked.append((start, length))
        if start == self.fails_at:
            raise StoreUnavailableError("gone")
        return super().read(key, start, length)

    def was_asked_for(self, start: int, within: float = 10.0) -> bool:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if any(start == asked for asked, _ in self.asked):
                return True
            time.sleep(0.005)
        return False


def opened(store: Any, block: int, *, ahead: bool = True) -> io.BufferedReader:
    return io.BufferedReader(RangeReader(Object(store, "data", "memory://x"), block if ahead else 0), block)


def test_who_looks_once_asks_once() -> None:
    store = Watched()
    with opened(store, 1024) as stream:
        assert stream.read(10) == DATA[:10]
        stream.seek(-8, io.SEEK_END)
        assert stream.read() == DATA[-8:]
    assert [start for start, _ in store.asked] == [0, len(DATA) - 8]


def test_who_reads_on_has_the_next_block_fetched_meanwhile() -> None:
    store = Watched()
    with opened(store, 1024) as stream:
        assert stream.read(512) == DATA[:512]
        assert store.asked == [(0, 1024)]
        assert stream.read(1024) == DATA[512:1536]
        assert store.was_asked_for(2048)  # nobody has come to it yet
        assert stream.read() == DATA[1536:]


def test_not_where_that_is_not_wanted() -> None:
    store = Watched()
    with opened(store, 1024, ahead=False) as stream:
        for _ in range(4):
            stream.read(512)
        assert not store.was_asked_for(2048, within=0.2)
    assert store.asked == [(0, 1024), (1024, 1024)]


def test_a_block_that_cannot_be_fetched_fails_who_comes_to_it() -> None:
    store = Watched()
    store.fails_at = 2048
    with opened(store, 1024) as stream:
        assert stream.read(2048) == DATA[:2048]
        with pytest.raises(StoreUnavailableError):
            stream.read(1)


def test_a_missing_object() -> None:
    with pytest.raises(ObjectMissingError, match="memory://x"):
        RangeReader(Object(MemoryStore("memory://empty"), "data", "memory://x"))  # type: ignore[arg-type]


@given(
    st.lists(st.one_of(st.integers(0, 5000), st.tuples(st.integers(0, 4096))), max_size=20),
    st.sampled_from([1, 100, 1024, 5000]),
    st.booleans(),
)
def test_bytes_are_those_of_the_object_in_any_order(steps: list[int | tuple[int]], block: int, ahead: bool) -> None:
    """A number is read from here; one in a tuple is a place to go to."""
    expected = io.BytesIO(DATA)
    with opened(Watched(), block, ahead=ahead) as stream:
        for step in steps:
            if isinstance(step, tuple):
                assert stream.seek(step[0]) == expected.seek(step[0])
            else:
                assert stream.read(step) == expected.read(step)
