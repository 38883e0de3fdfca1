"""Moves journals into the database: whole batches, each exactly once, whoever does it and wherever it is killed."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.records.code_digest import digest_of
from flytectl_py.records.journal import ENDING, is_abandoned
from flytectl_py.records.places import ANSWER, JOURNALS

if TYPE_CHECKING:
    import sqlite3

MOST_BYTES = 16 * 2**20
"""Of one journal that one transaction moves: others may want to write."""
_YOUNG_SECONDS = 60.0

_END = """
UPDATE actions SET seconds = ?, attempts = ?, phase = ?, cache = ?, outputs = ?, error_code = ?, error = ?
WHERE run = ? AND number = ?
"""
_FIRST = b'[["run",'
_DAMAGED = "its journal is damaged, and was set aside"
_LOST = "the process ended without a word: it was killed, or the machine went down"


def gather(database: sqlite3.Connection, folder: Path, warn: Callable[[str], None], *, moving: bool = True) -> None:
    """Move what stands in the journals below `folder` into `database`, and delete those that are done with.

    :param folder: of the records. :param warn: told which journals are damaged.
    :param moving: else they stay, and `database` is a copy for reading.
    :raises sqlite3.Error: the database cannot be written.
    """
    journals = folder / JOURNALS
    try:
        names = sorted(os.listdir(journals))
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith(ENDING):
            with contextlib.suppress(FileNotFoundError):  # Another process was faster.
                while not _gather_one(database, journals / name, warn, moving=moving):
                    pass
    for name in names:
        if name.endswith(ANSWER):
            _take_answer(database, journals / name, moving=moving)


def unread_bytes(folder: Path) -> int:
    """Return how much stands in the journals below the `folder` of the records, all of them together."""
    try:
        journals = [each for each in os.scandir(folder / JOURNALS) if each.name.endswith(ENDING)]
    except FileNotFoundError:
        return 0
    total = 0
    for each in journals:
        with contextlib.suppress(FileNotFoundError):  # Another process was faster.
            total += each.stat().st_size
    return total


def _gather_one(database: sqlite3.Connection, file: Path, warn: Callable[[str], None], *, moving: bool) -> bool:
    """Move the next batches of one journal; return whether that is all for now."""
    # Asked before it is read: what an ended process wrote is there then.
    abandoned = is_abandoned(file)
    with _transaction(database):
        row = database.execute("SELECT id, read, phase FROM runs WHERE journal = ?", (file.name,)).fetchone()
        run, start = (None, 0) if row is None else (row[0], row[1])
        data, more = _complete_lines(file, start)
        broken = False
        for line in data.splitlines():
            database.execute("SAVEPOINT line")
            try:
                run = _store(database, run, json.loads(line), file.name)
            except _broken_by():
                database.execute("ROLLBACK TO line")
                broken = True
                break
            database.execute("RELEASE line")
        if broken or (run is None and abandoned and not _may_begin_a_run(file)):
            return _set_aside(database, run, file, warn, moving=moving)
        if run is None:
            if moving and abandoned and time.time() - file.stat().st_mtime > _YOUNG_SECONDS:
                file.unlink()  # Its process ended before the first word.
            return True
        database.execute("UPDATE runs SET read = ? WHERE id = ?", (start + len(data), run))
        if not more and abandoned:
            _close_if_open(database, run, file.stat().st_mtime)
    if moving and not more and abandoned:
        file.unlink(missing_ok=True)
    return not more


def _broken_by() -> tuple[type[Exception], ...]:
    """Return what reading a journal raises that no run has written: no JSON, another shape, or no value of a column."""
    import sqlite3

    shapes = (ValueError, TypeError, AttributeError, LookupError, OverflowError)
    return (*shapes, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def _may_begin_a_run(file: Path) -> bool:
    """Whether a journal without one whole line is what a process leaves that is killed at its first word."""
    with file.open("rb") as opened:
        return _FIRST.startswith(opened.read(len(_FIRST)))


def _set_aside(
    database: sqlite3.Connection, run: int | None, file: Path, warn: Callable[[str], None], *, moving: bool
) -> bool:
    """Read no further in a journal that the disk has damaged, and keep it for whoever wants to look."""
    if run is not None:
        _close_if_open(database, run, file.stat().st_mtime, _DAMAGED)
    if moving:
        file = file.rename(file.with_suffix(".damaged"))
    warn(f"warning: the journal of a run is damaged, and what it says may be missing from the records: {file}")
    return True


def _complete_lines(file: Path, start: int) -> tuple[bytes, bool]:
    """Return the next whole lines of `file` from byte `start` on, and whether there may be more."""
    with file.open("rb") as opened:
        opened.seek(start)
        data = opened.read(MOST_BYTES)
        more = len(data) == MOST_BYTES
        if more:
            data += opened.readline()
    end = data.rfind(b"\n") + 1
    return data[:end], more and end > 0


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _store(database: sqlite3.Connection, run: int | None, events: list[list[Any]], journal: str) -> int | None:
    begun, ended, printed, failed = [], [], [], []
    for kind, *fields in events:
        if kind == "run":
            run = _begin_run(database, fields[0], journal)
        elif kind == "begin":
            number, parent, name, sort, group, started, inputs = fields
            group = None if group is None else _text(group)
            begun.append((run, number, parent, _text(name), sort, group, started, 1, "running", _json(inputs)))
        elif kind == "end":
            number, seconds, attempts, phase, cache, outputs, error = fields
            ended.append((seconds, attempts, phase, cache, _json(outputs), *_error(error), run, number))
        elif kind == "failed":
            number, attempt, error = fields
            failed.append((run, number, attempt, *_error(error)))
        elif kind == "print":
            number, stream, text = fields
            printed.append((run, number, stream, _text(text)))
    database.executemany(
        "INSERT INTO actions (run, number, parent, name, kind, in_group, started, attempts, phase, inputs)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        begun,
    )
    database.executemany(_END, ended)
    database.executemany("INSERT INTO printed (run, number, stream, text) VALUES (?, ?, ?, ?)", printed)
    database.executemany(
        "INSERT INTO failed_attempts (run, number, attempt, error_code, error) VALUES (?, ?, ?, ?, ?)", failed
    )
    for kind, *fields in events:
        if kind == "over" and run is not None:
            phase, seconds, error = fields
            _end_run(database, run, phase, seconds, error)
    return run


def _begin_run(database: sqlite3.Connection, header: dict[str, Any], journal: str) -> int:
    known = ("name", "task", "root", "file", "project", "domain", "version", "started", "python")
    columns = {key: header.get(key) for key in (*known, "bundle", "archive")}
    columns = {key: _text(value) if isinstance(value, str) else value for key, value in columns.items()}
    columns["git_commit"] = header.get("commit")
    columns |= {"journal": journal, "read": 0, "phase": "running", "code": digest_of(header.get("code") or [])}
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    done = database.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", list(columns.values()))  # noqa: S608  no value
    return int(done.lastrowid or 0)


def _close_if_open(database: sqlite3.Connection, run: int, last_sign: float, why: str = _LOST) -> None:
    phase, started = database.execute("SELECT phase, started FROM runs WHERE id = ?", (run,)).fetchone()
    if phase == "running":
        _end_run(database, run, "aborted", max(0.0, last_sign - started), ["Lost", why])


def _end_run(database: sqlite3.Connection, run: int, phase: str, seconds: float, error: list[str] | None) -> None:
    database.execute(
        "UPDATE runs SET phase = ?, seconds = ?, error_code = ?, error = ? WHERE id = ?",
        (phase, seconds, *_error(error), run),
    )
    database.execute("UPDATE actions SET phase = 'aborted' WHERE run = ? AND phase = 'running'", (run,))


def _take_answer(database: sqlite3.Connection, file: Path, *, moving: bool) -> None:
    """Note what git said when a run began: an empty file means that nothing was changed."""
    try:
        dirty = file.stat().st_size > 0
    except FileNotFoundError:
        return
    with _transaction(database):
        journal = file.name.removesuffix(ANSWER)
        done = database.execute("UPDATE runs SET git_dirty = ? WHERE journal = ?", (int(dirty), journal))
    if not moving:
        return
    if done.rowcount or time.time() - file.stat().st_mtime > _YOUNG_SECONDS:
        file.unlink(missing_ok=True)


def _json(data: Any) -> str | None:
    return None if data is None else json.dumps(data, separators=(",", ":"))


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _error(error: list[str] | None) -> tuple[str | None, str | None]:
    return (None, None) if error is None else (_text(error[0]), _text(error[1]))
