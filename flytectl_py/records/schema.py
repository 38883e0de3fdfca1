"""The tables of the database of records, and the steps from each version of them to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytectl_py.errors import NotReadyError

if TYPE_CHECKING:
    import sqlite3

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            journal TEXT NOT NULL UNIQUE, -- the file that it was written to first
            read INTEGER NOT NULL, -- how many bytes of it are in here
            name TEXT NOT NULL,
            task TEXT NOT NULL,
            phase TEXT NOT NULL,
            started REAL NOT NULL,
            seconds REAL,
            error_code TEXT,
            error TEXT,
            root TEXT,
            file TEXT,
            project TEXT,
            domain TEXT,
            version TEXT,
            python TEXT,
            git_commit TEXT,
            git_dirty INTEGER, -- NULL: not known
            code TEXT, -- the digest of a bundle of the user's files that were loaded
            bundle TEXT, -- the digest of the bundle that was kept
            archive TEXT -- and where
        )
        """,
        "CREATE INDEX runs_by_start ON runs (started)",
        "CREATE INDEX runs_by_name ON runs (name, started)",
        """
        CREATE TABLE actions (
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            parent INTEGER,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            in_group TEXT,
            started REAL NOT NULL,
            seconds REAL,
            attempts INTEGER NOT NULL,
            phase TEXT NOT NULL,
            cache TEXT,
            inputs TEXT,
            outputs TEXT,
            error_code TEXT,
            error TEXT,
            PRIMARY KEY (run, number)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE printed (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            stream INTEGER NOT NULL,
            text TEXT NOT NULL
        )
        """,
        "CREATE INDEX printed_by_action ON printed (run, number)",
    ),
    (
        """
        CREATE TABLE failed_attempts (
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            attempt INTEGER NOT NULL, -- from 1; the last one's error is the action's
            error_code TEXT,
            error TEXT,
            PRIMARY KEY (run, number, attempt)
        ) WITHOUT ROWID
        """,
    ),
)
"""Step N takes version N to version N + 1; 0 is an empty database. A step that was ever released is never changed."""


def bring_up_to_date(database: sqlite3.Connection, steps: tuple[tuple[str, ...], ...] = STEPS) -> None:
    """Take `database` to the newest version of its tables; processes that do so at once wait for each other.

    :raises NotReadyError: it was written by a newer version of this project.
    """
    if _version(database) == len(steps):
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _version(database)
        if version > len(steps):
            raise NotReadyError(
                f"the records are of version {version}, and this flyte knows version {len(steps)}",
                hint="upgrade: pip install -U flytectl-py",
            )
        for step in steps[version:]:
            for statement in step:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _version(database: sqlite3.Connection) -> int:
    found: int = database.execute("PRAGMA user_version").fetchone()[0]
    return found
