"""The one SQLite file that holds the state of the control plane: its tables, and transactions on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flytectl_py.errors import NotReadyError

_TABLES = """
CREATE TABLE projects (
    name TEXT PRIMARY KEY, message BLOB NOT NULL, created REAL NOT NULL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL,
    version TEXT NOT NULL, details BLOB NOT NULL, UNIQUE (project, domain, name, version)
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, project TEXT NOT NULL, domain TEXT NOT NULL,
    name TEXT NOT NULL, spec BLOB NOT NULL, base TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (project, domain, name)
);
CREATE TABLE actions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs (id), name TEXT NOT NULL,
    parent TEXT NOT NULL, depth INTEGER NOT NULL, metadata BLOB NOT NULL, spec BLOB NOT NULL, kind TEXT NOT NULL,
    input_uri TEXT NOT NULL, output_uri TEXT NOT NULL DEFAULT '', cache_key TEXT NOT NULL DEFAULT '',
    cache_status INTEGER NOT NULL DEFAULT 0, phase INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, expires REAL, deadline REAL, cpu REAL NOT NULL DEFAULT 0,
    memory INTEGER NOT NULL DEFAULT 0, error BLOB, reason TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL, started REAL, ended REAL, changed INTEGER NOT NULL, UNIQUE (run, name)
);
CREATE INDEX actions_going_on ON actions (phase, depth DESC, id) WHERE ended IS NULL;
CREATE INDEX actions_awaited ON actions (run, parent) WHERE ended IS NULL;
CREATE INDEX actions_by_parent ON actions (run, parent, changed);
CREATE TABLE attempts (
    action INTEGER NOT NULL REFERENCES actions (id), number INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
    executor TEXT NOT NULL, phase INTEGER NOT NULL, output_uri TEXT NOT NULL, error BLOB, started REAL NOT NULL,
    ended REAL, transitions TEXT NOT NULL, PRIMARY KEY (action, number)
);
CREATE INDEX attempts_under_way ON attempts (ended) WHERE ended IS NULL;
CREATE TABLE cache (
    project TEXT NOT NULL, domain TEXT NOT NULL, key TEXT NOT NULL, output_uri TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (project, domain, key)
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
INSERT INTO facts VALUES ('changes', 0);
"""
_STATES_AND_VALUES = """
CREATE TABLE states (action INTEGER PRIMARY KEY REFERENCES actions (id), state TEXT NOT NULL);
ALTER TABLE actions ADD COLUMN value BLOB;
"""

_SCRIPTS = (_TABLES, _STATES_AND_VALUES)
"""What makes each format of the file out of the one before."""
VERSION = len(_SCRIPTS)


class Database:
    """The file, open. For one thread; a change is one transaction, which a killed process leaves whole or undone."""

    def __init__(self, file: Path) -> None:
        """Open it, and make the tables that it does not have.

        :raises NotReadyError: it cannot be opened, is damaged, or was made by a newer version of this program.
        """
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file, isolation_level=None, timeout=10.0)
            self._connection.row_factory = sqlite3.Row
            # In this mode a killed process loses nothing; a power cut may lose the last transactions, whole ones.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            found = self._connection.execute("PRAGMA user_version").fetchone()[0]
            for number, script in enumerate(_SCRIPTS[found:], start=found + 1):
                self._connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        except (OSError, sqlite3.Error) as error:
            # SQLite keeps this kind for what surrounds a file; any other means that the file itself is damaged.
            is_damaged = isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.OperationalError)
            first = f"move {file} away, with all that it knows of runs" if is_damaged else "make room"
            raise NotReadyError(
                f"the state of the control plane cannot be opened: {error}",
                hint=f"{first}, or give another folder in FLYTE_MACHINE_HOME",
                where=str(file),
            ) from error
        if found > VERSION:
            raise NotReadyError(
                f"the state of the control plane has format {found}, and this version of flyte knows {VERSION}",
                hint="update flytectl-py, or give another folder in FLYTE_MACHINE_HOME",
                where=str(file),
            )

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return what a query finds, by column name."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Any | None:
        """Return the first row that a query finds, or None."""
        return self._connection.execute(sql, values).fetchone()

    def change(self, sql: str, *values: Any) -> int:
        """Carry out one statement of a transaction; return how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Add a row; return its number.

        :raises sqlite3.IntegrityError: there is one with that key.
        """
        names, marks = ", ".join(values), ", ".join("?" for _ in values)
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  names are of our own code
        return int(self._connection.execute(sql, tuple(values.values())).lastrowid or 0)

    def next_change(self) -> int:
        """Return a number above all that were given out before; for a transaction."""
        self.change("UPDATE facts SET value = value + 1 WHERE name = 'changes'")
        found = self.row("SELECT value FROM facts WHERE name = 'changes'")
        return int(found["value"]) if found is not None else 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is changed in the block one change, or none at all where the block raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
