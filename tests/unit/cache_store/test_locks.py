"""Locks by key: one holder at a time, among threads and processes, and nothing left behind."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flytectl_py.cache_store.locks import KeyLocks

HOLDER = """
import sys, time
from pathlib import Path
from flytectl_py.cache_store.locks import KeyLocks
with KeyLocks(Path(sys.argv[1])).held("k"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_key_has_one_holder(tmp_path: Path) -> None:
    locks, others = KeyLocks(tmp_path / "locks"), KeyLocks(tmp_path / "locks")
    with locks.held("k"):
        assert others.try_acquire("k") is None
        with others.held("another"):
            pass
    lock = others.try_acquire("k")
    assert lock is not None
    assert locks.try_acquire("k") is None
    others.release("k", lock)
    assert list((tmp_path / "locks").iterdir()) == []


def test_threads_take_turns(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(50):
            with KeyLocks(tmp_path).held("k"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(most) == 200
    assert set(most) == {1}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("killed", [True, False])
def test_a_process_that_ends_lets_go(tmp_path: Path, killed: bool) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == "held\n"
        locks = KeyLocks(tmp_path)
        assert locks.try_acquire("k") is None
        if killed:
            holder.kill()
        else:
            holder.stdin.close()
        with locks.held("k"):
            assert locks.try_acquire("k") is None
    holder.wait()
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="directory"), KeyLocks(tmp_path / "file").held("k"):
        pass


def test_pauses_grow_to_a_limit() -> None:
    pauses = list(itertools.islice(KeyLocks.pauses(), 12))
    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.001
    assert pauses[-1] == pauses[-2] <= 0.05
