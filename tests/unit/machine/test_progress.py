"""Changes of phase, against the database alone: one winner each, and nothing that has ended changes again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.core.literals_pb2 import RetryStrategy

from flytectl_py.errors import NotReadyError
from flytectl_py.machine.changes import Changes
from flytectl_py.machine.database import _SCRIPTS, Database
from flytectl_py.machine.outcomes import failure, wait_before
from flytectl_py.machine.phases import ABORTED, FAILED, INITIALIZING, QUEUED, RUNNING, SUCCEEDED
from flytectl_py.machine.progress import Progress
from flytectl_py.machine.runs import ExistsError, NewAction, RunKey, Runs


class Board:
    """A database with one run, whose root is `root`."""

    def __init__(self, file: Path) -> None:
        self.database = Database(file)
        changes = Changes()
        self.runs = Runs(self.database, changes)
        self.progress = Progress(self.database, changes)
        self.root = self.runs.create(RunKey("o", "p", "d", "r"), b"", "file:///r", new("a0"))

    def child(self, name: str, parent: Any = None) -> Any:
        above = parent or self.root
        return self.runs.enqueue(above, new(name, above["name"]))

    def phase(self, row: Any) -> int:
        return int(self.runs.by_number(row["id"])["phase"])

    def begin(self, row: Any, token: str) -> int:
        number = self.progress.begin(self.runs.by_number(row["id"]), token, "process", f"file:///r/{row['name']}")
        assert number is not None
        return number


def new(name: str, parent: str = "", cpu: float = 1) -> NewAction:
    return NewAction(name=name, parent=parent, kind="task", metadata=b"", spec=b"", input_uri="", cpu=cpu)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path / "plane.db")
    yield made
    made.database.close()


def test_an_attempt_goes_from_queued_to_its_end(board: Board) -> None:
    number = board.begin(board.root, "t1")
    assert board.progress.running(board.root, number)
    assert board.phase(board.root) == RUNNING
    assert [each["token"] for each in board.progress.under_way()] == ["t1"]
    assert board.progress.end(board.root, SUCCEEDED, number=number, output_uri="file:///out")
    row = board.runs.by_number(board.root["id"])
    assert (row["phase"], row["output_uri"], row["attempt"]) == (SUCCEEDED, "file:///out", 1)
    assert board.progress.under_way() == []


def test_an_action_is_begun_once(board: Board) -> None:
    board.begin(board.root, "t1")
    assert board.progress.begin(board.runs.by_number(board.root["id"]), "t2", "process", "") is None
    assert [each["token"] for each in board.progress.under_way()] == ["t1"]


def test_an_attempt_that_was_given_up_ends_nothing(board: Board) -> None:
    first = board.begin(board.root, "t1")
    assert board.progress.again(board.root, first, failure("X", "x").SerializeToString(), 0)
    second = board.begin(board.root, "t2")
    assert not board.progress.end(board.root, SUCCEEDED, number=first)
    assert not board.progress.running(board.root, first)
    assert board.progress.end(board.root, FAILED, number=second)
    assert [each["number"] for each in board.progress.attempts(board.root["id"])] == [first, second] == [1, 2]


def test_of_an_abort_and_an_end_the_first_one_wins(board: Board) -> None:
    number = board.begin(board.root, "t1")
    assert board.progress.abort(board.root, "enough")
    assert not board.progress.end(board.root, SUCCEEDED, number=number)
    assert not board.progress.abort(board.root, "again")
    row = board.runs.by_number(board.root["id"])
    assert (row["phase"], row["reason"]) == (ABORTED, "enough")
    assert board.progress.under_way() == []


def test_what_never_started_was_no_attempt(board: Board) -> None:
    number = board.begin(board.root, "t1")
    board.progress.undo(board.root, number)
    assert board.phase(board.root) == QUEUED
    assert board.progress.attempts(board.root["id"]) == []
    assert board.begin(board.root, "t2") == 1


def test_the_end_of_an_action_aborts_all_below_that_goes_on(board: Board) -> None:
    child = board.child("c")
    grandchild = board.child("g", child)
    done = board.child("done")
    board.progress.end(done, SUCCEEDED)
    assert board.runs.waiting_parents() == {(board.root["run"], "a0"), (board.root["run"], "c")}
    board.progress.end(board.root, FAILED)
    assert [board.phase(each) for each in (child, grandchild, done)] == [ABORTED, ABORTED, SUCCEEDED]
    assert board.runs.waiting_parents() == set()


def test_what_lies_deeper_goes_first_and_then_what_is_older(board: Board) -> None:
    older, younger = board.child("b"), board.child("a")
    deep = board.child("z", younger)
    ready = board.runs.ready(9e9, 10, 0)
    assert [each["name"] for each in ready] == ["z", "b", "a", "a0"]
    assert [each["name"] for each in board.runs.ready(9e9, 2, 1)] == ["b", "a"]
    assert [each["depth"] for each in (board.root, older, deep)] == [0, 1, 2]


def test_children_are_told_of_by_what_changed_since(board: Board) -> None:
    first, second = board.child("one"), board.child("two")
    board.child("of-one", first)
    seen = board.runs.children(board.root["run"], "a0", 0)
    assert [each["name"] for each in seen] == ["one", "two"]
    board.begin(first, "t")
    changed = board.runs.children(board.root["run"], "a0", seen[-1]["changed"])
    assert [each["name"] for each in changed] == ["one"]
    assert second["changed"] < changed[0]["changed"]


def test_a_wait_before_the_next_attempt_is_kept(board: Board) -> None:
    number = board.begin(board.root, "t1")
    board.progress.again(board.root, number, b"", 100)
    row = board.runs.by_number(board.root["id"])
    assert board.runs.ready(row["not_before"] - 1, 10, 0) == []
    assert len(board.runs.ready(row["not_before"] + 1, 10, 0)) == 1
    assert board.runs.next_moment(row["not_before"] - 50) == row["not_before"]


def test_a_name_is_given_once_and_nothing_is_left_of_the_second(board: Board) -> None:
    with pytest.raises(ExistsError):
        board.runs.create(RunKey("other", "p", "d", "r"), b"", "", new("a0"))
    board.child("c")
    with pytest.raises(ExistsError):
        board.child("c")
    assert len(board.runs.actions(board.root["run"])) == 2


def test_a_change_that_fails_is_no_change(board: Board) -> None:
    def change() -> None:
        with board.database.transaction():
            board.database.change("DELETE FROM attempts")
            board.database.change("UPDATE actions SET phase = 5")
            board.database.insert("attempts", nothing=1)

    board.begin(board.root, "t1")
    with pytest.raises(sqlite3.Error):
        change()
    assert len(board.progress.under_way()) == 1
    assert board.phase(board.root) == INITIALIZING


def test_a_state_of_an_older_format_is_taken_up(tmp_path: Path) -> None:
    older = sqlite3.connect(tmp_path / "plane.db")
    older.executescript(f"{_SCRIPTS[0]} PRAGMA user_version = 1;")
    older.close()
    board = Board(tmp_path / "plane.db")
    board.runs.keep_state(board.root, "kept")
    board.database.close()
    again = Database(tmp_path / "plane.db")
    row = again.row("SELECT state, value FROM actions JOIN states ON states.action = actions.id")
    again.close()
    assert row is not None
    assert tuple(row) == ("kept", None)


def test_a_damaged_or_newer_state_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(NotReadyError, match="cannot be opened"):
        Database(tmp_path / "bad.db")
    Database(tmp_path / "new.db").close()
    connection = sqlite3.connect(tmp_path / "new.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NotReadyError, match="format 99"):
        Database(tmp_path / "new.db")


@pytest.mark.parametrize(("failed", "seconds"), [(1, 2.0), (2, 6.0), (3, 10.0), (4000, 10.0)])
def test_waits_grow_up_to_their_cap(failed: int, seconds: float) -> None:
    strategy = RetryStrategy(retries=3)
    strategy.backoff.base.FromSeconds(2)
    strategy.backoff.factor = 3
    strategy.backoff.cap.FromSeconds(10)
    assert wait_before(strategy, failed) == seconds
    assert wait_before(RetryStrategy(retries=3), failed) == 0
