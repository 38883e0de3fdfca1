"""Journals become rows exactly once, whatever state they are found in."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flytectl_py.errors import NotReadyError, UnknownNameError
from flytectl_py.records import gathering
from flytectl_py.records.database import opened
from flytectl_py.records.journal import ENDING, Journal, is_abandoned
from flytectl_py.records.places import database_file, journals_folder
from flytectl_py.records.reading import actions_of, number_of_runs, printed_by, root_action, run_named, runs
from flytectl_py.records.schema import STEPS, bring_up_to_date


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def journal(tmp_path: Path, said: list[str]) -> Iterator[Journal]:
    made = _journal(tmp_path, "first", said)
    yield made
    made.close()


def _journal(state: Path, name: str, said: list[str], started: float = 1000.0) -> Journal:
    file = journals_folder(state) / f"{name}.1{ENDING}"
    return Journal(
        file, {"name": name, "task": "app.main", "root": "/p", "file": "app.py", "started": started}, said.append
    )


def test_events_become_rows(tmp_path: Path, journal: Journal) -> None:
    journal.add(["begin", 0, None, "app.main", "task", None, 1000.5, {"x": 1}])
    journal.add(["begin", 1, 0, "app.child", "task", "group", 1000.6, {"y": [1, 2]}])
    journal.add(["failed", 1, 1, ["KeyError", "first"]])
    journal.add(["print", 1, 1, "hello "])
    journal.add(["failed", 1, 2, ["TaskTimeoutError", "second"]])
    journal.add(["print", 1, 1, "you\n"])
    journal.add(["end", 1, 0.25, 3, "failed", None, None, ["ValueError", "no"]])
    journal.add(["end", 0, 0.5, 1, "succeeded", "hit", 4, None])
    journal.add(["over", "succeeded", 0.75, None])
    journal.close()
    with opened(tmp_path, print) as database:
        assert database is not None
        run = run_named(database, "first")
        assert (run.phase, run.seconds, run.actions, run.cache_hits, run.error) == ("succeeded", 0.75, 2, 1, None)
        root, child = actions_of(database, run)
        assert (root.inputs, root.outputs, root.parent, root.cache) == ({"x": 1}, 4, None, "hit")
        assert (child.parent, child.group, child.attempts, child.error_code) == (0, "group", 3, "ValueError")
        assert child.earlier == ((1, "KeyError", "first"), (2, "TaskTimeoutError", "second"))
        assert root.earlier == ()
        assert "".join(each.text for each in printed_by(database, run, 1)) == "hello you\n"
        assert root_action(database, run) == root
    assert list(journals_folder(tmp_path).iterdir()) == []


def test_a_run_that_goes_on_is_read_again_from_where_it_was(tmp_path: Path, journal: Journal) -> None:
    journal.add(["begin", 0, None, "app.main", "task", None, 1000.5, None])
    journal.flush()
    for _ in range(3):
        with opened(tmp_path, print) as database:
            assert database is not None
            assert run_named(database, "first").phase == "running"
            assert len(actions_of(database, run_named(database, "first"))) == 1
    journal.add(["end", 0, 0.5, 1, "succeeded", None, None, None])
    journal.add(["over", "succeeded", 0.75, None])
    journal.close()
    with opened(tmp_path, print) as database:
        assert database is not None
        assert (run_named(database, "first").phase, number_of_runs(database)) == ("succeeded", 1)


@pytest.mark.parametrize("most", [1, 10**6])
def test_a_torn_last_line_is_left_out_and_the_run_is_lost(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(gathering, "MOST_BYTES", most)
    journal.add(["begin", 0, None, "app.main", "task", None, 1000.5, None])
    journal.close()
    with journal.file.open("ab") as out:
        out.write(b'[["end", 0, 0.5, 1, "succ')
    with opened(tmp_path, print) as database:
        assert database is not None
        run = run_named(database, "first")
        assert (run.phase, run.error_code) == ("aborted", "Lost")
        assert [each.phase for each in actions_of(database, run)] == ["aborted"]
    assert not journal.file.exists()


@pytest.mark.parametrize("most", [1, 50, 200, 1000])
def test_a_long_journal_is_moved_piece_by_piece(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(gathering, "MOST_BYTES", most)
    for number in range(20):
        journal.add(["print", 0, 1, f"{number}\n" * (number % 3 + 1)])
        journal.flush()
    journal.add(["over", "succeeded", 1.0, None])
    journal.close()
    with opened(tmp_path, print) as database:
        assert database is not None
        run = run_named(database, "first")
        assert (run.phase, run.seconds) == ("succeeded", 1.0)
        text = "".join(each.text for each in printed_by(database, run))
    assert text == "".join(f"{number}\n" * (number % 3 + 1) for number in range(20))
    assert list(journals_folder(tmp_path).iterdir()) == []


def test_a_damaged_journal_is_set_aside(tmp_path: Path, journal: Journal) -> None:
    journal.close()
    other = _journal(tmp_path, "second", [])
    other.add(["over", "succeeded", 1.0, None])
    other.close()
    again = '["begin", 0, null, "n", "task", null, 1.0, null]'
    texts = (
        "not json",
        '[["begin", 1]]',
        "[[]]",
        "5",
        f"[{again}, {again}]",
        '[["run", []]]',
        '[["print", 0, {}, ""]]',
    )
    for text in (f"{each}\n" for each in texts):
        damaged = journals_folder(tmp_path) / f"damaged-{len(text)}{ENDING}"
        header = {"name": f"damaged-{len(text)}", "task": "t", "root": "", "file": "", "started": 1.0}
        damaged.write_text(json.dumps([["run", header]]) + "\n" + text)
    warnings: list[str] = []
    with opened(tmp_path, warnings.append) as database:
        assert database is not None
        assert run_named(database, "second").phase == "succeeded"
        assert run_named(database, "first").phase == "aborted"
        # What stood before the damage is kept.
        assert {each.phase for each in runs(database) if each.name.startswith("damaged")} == {"aborted"}
        assert sum(each.name.startswith("damaged") for each in runs(database)) == len(texts)
    files = list(journals_folder(tmp_path).glob("*.damaged"))
    assert len(files) == len(warnings) == len(texts)
    assert all(any(str(file) in warning for warning in warnings) for file in files)


@pytest.mark.parametrize("content", [b"\xff\x00\x9d\n\x01", b"\xff\x00\x9d without a line", b"[1]"])
def test_a_journal_that_never_was_one_is_set_aside_and_named(tmp_path: Path, content: bytes) -> None:
    file = journals_folder(tmp_path) / f"x.1{ENDING}"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    os.utime(file, (time.time() - 3600,) * 2)
    warnings: list[str] = []
    with opened(tmp_path, warnings.append) as database:
        assert database is not None
        assert runs(database) == []
    (damaged,) = file.parent.iterdir()
    assert damaged.read_bytes() == content
    assert [str(damaged) in each for each in warnings] == [True]


def test_an_empty_database_is_said(tmp_path: Path, journal: Journal) -> None:
    journal.close()
    database_file(tmp_path).touch()
    warnings: list[str] = []
    for _ in range(2):  # the second time it is none any more
        with opened(tmp_path, warnings.append) as database:
            assert database is not None
            assert len(runs(database)) == 1
    assert len(warnings) == 1
    assert f"{database_file(tmp_path)} is empty" in warnings[0]


def test_an_empty_journal_is_left_alone_while_it_is_new(tmp_path: Path) -> None:
    folder = journals_folder(tmp_path)
    folder.mkdir(parents=True)
    empty = folder / f"x.1{ENDING}"
    empty.touch()
    with opened(tmp_path, print) as database:
        assert database is not None
        assert runs(database) == []
    assert empty.exists()
    os.utime(empty, (time.time() - 3600,) * 2)
    with opened(tmp_path, print):
        pass
    assert not empty.exists()


def test_the_newest_run_of_a_name_is_meant(tmp_path: Path) -> None:
    for number, started in enumerate((10.0, 30.0, 20.0)):
        file = journals_folder(tmp_path) / f"same.{number}{ENDING}"
        Journal(file, {"name": "same", "task": f"t{number}", "root": "", "file": "", "started": started}, print).close()
    with opened(tmp_path, print) as database:
        assert database is not None
        assert run_named(database, "same").task == "t1"
        assert [each.task for each in runs(database)] == ["t1", "t2", "t0"]
        assert [each.task for each in runs(database, 1)] == ["t1"]
        with pytest.raises(UnknownNameError, match="did you mean 'same'"):
            run_named(database, "sane")


def test_text_that_is_no_text_is_kept_readable(tmp_path: Path, journal: Journal) -> None:
    journal.add(["print", 0, 1, "caf\udce9 ü\0"])
    journal.close()
    with opened(tmp_path, print) as database:
        assert database is not None
        (piece,) = printed_by(database, run_named(database, "first"))
        assert piece.text == "caf\\udce9 ü\0"


def test_names_that_are_no_text_are_kept_readable(tmp_path: Path) -> None:
    file = journals_folder(tmp_path) / f"odd.1{ENDING}"
    made = Journal(file, {"name": "odd", "task": "t", "root": "/\udce9", "file": "\udce9.py", "started": 1.0}, print)
    made.add(["begin", 0, None, "t\udce9", "task", "g\udce9", 1.0, {"x\udce9": "\udce9"}])
    made.close()
    with opened(tmp_path, print) as database:
        assert database is not None
        run = run_named(database, "odd")
        assert (run.root, run.file) == ("/\\udce9", "\\udce9.py")
        (action,) = actions_of(database, run)
        assert (action.group, action.inputs) == ("g\\udce9", {"x\udce9": "\udce9"})


def test_a_journal_is_abandoned_once_its_process_lets_go(journal: Journal) -> None:
    assert not is_abandoned(journal.file)
    journal.close()
    assert is_abandoned(journal.file)


def test_a_journal_that_cannot_be_written_warns_once(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "records").write_text("in the way")
    made = _journal(tmp_path, "first", said)
    made.add(["over", "succeeded", 1.0, None])
    made.flush()
    made.close()
    assert len(said) == 1
    assert "not recorded" in said[0]


def test_a_full_disk_ends_the_record_and_not_the_run(said: list[str]) -> None:
    made = Journal(Path("/dev/full"), {"name": "first"}, said.append)
    made.add(["over", "succeeded", 1.0, None])
    made.close()
    assert len(said) == 1
    assert "No space left" in said[0]


def test_nothing_recorded_is_no_database(tmp_path: Path) -> None:
    with opened(tmp_path, print) as database:
        assert database is None


def test_records_of_a_newer_version_are_not_touched(tmp_path: Path, journal: Journal) -> None:
    with opened(tmp_path, print):
        pass
    newer = sqlite3.connect(database_file(tmp_path))
    newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()
    with pytest.raises(NotReadyError, match="version"), opened(tmp_path, print):
        pass
    assert journal.file.exists()


def test_a_broken_database_is_an_error_that_names_it(tmp_path: Path, journal: Journal) -> None:
    database_file(tmp_path).write_bytes(b"no database" * 1000)
    with pytest.raises(NotReadyError, match="cannot be used") as caught, opened(tmp_path, print):
        pass
    assert str(database_file(tmp_path)) in caught.value.hint


def test_steps_are_taken_once_and_from_any_version() -> None:
    steps = (("CREATE TABLE a (x)",), ("ALTER TABLE a ADD COLUMN y", "INSERT INTO a VALUES (1, 2)"))
    for start in range(3):
        database = sqlite3.connect(":memory:", isolation_level=None)
        bring_up_to_date(database, steps[:start])
        bring_up_to_date(database, steps)
        bring_up_to_date(database, steps)
        assert database.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]
        database.close()


def test_a_step_that_fails_changes_nothing() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        bring_up_to_date(database, (("CREATE TABLE a (x)", "CREATE TABLE a (x)"),))
    assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    database.close()


def test_what_is_locked_for_too_long_is_an_error_that_says_so(
    tmp_path: Path, journal: Journal, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.flush()
    with opened(tmp_path, said.append):
        pass
    monkeypatch.setattr("flytectl_py.records.database.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("flytectl_py.records.database._SILENT_SECONDS", 0.01)
    file = database_file(tmp_path)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(NotReadyError, match="another process has been writing") as told,
            opened(tmp_path, said.append),
        ):
            pass
    assert str(file) in told.value.hint
    assert said == [f"waiting for another process that writes to {file}"]


def test_that_much_is_to_be_read_is_said(
    tmp_path: Path, journal: Journal, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flytectl_py.records.database.MOST_BYTES", 2**20)
    journal.add(["begin", 0, None, "app.main", "task", None, 1000.5, {"x": "y" * 3 * 2**20}])
    journal.flush()
    with opened(tmp_path, said.append):
        pass
    assert said == ["reading 3 MiB that runs have written, which takes a while"]
