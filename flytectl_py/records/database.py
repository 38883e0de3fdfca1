"""The database of records of one project: opened, brought up to date, and filled from the journals."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flytectl_py.errors import NotReadyError
from flytectl_py.records.gathering import gather
from flytectl_py.records.places import database_file, records_folder
from flytectl_py.records.schema import bring_up_to_date

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

WAIT_SECONDS = 30.0
"""How long a process waits for others that write."""


@contextmanager
def opened(state: Path, warn: Callable[[str], None]) -> Iterator[sqlite3.Connection | None]:
    """Give the database of the project whose state folder is `state`, with all that happened until now in it.

    None where nothing was ever recorded. Where it cannot be written it is given as it is, and `warn` is told why.

    :raises NotReadyError: it is broken, locked for too long, or of a newer version.
    """
    if not records_folder(state).is_dir():
        yield None
        return
    try:
        import sqlite3
    except ImportError as error:
        raise NotReadyError("this Python was built without SQLite, which the records need") from error
    file = database_file(state)
    try:
        database = _connect(file)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    if database is None:
        warn(f"warning: {file.parent} cannot be written, so the newest runs may be missing")
        yield None
        return
    with contextlib.closing(database):
        try:
            if _is_writable(file):
                bring_up_to_date(database)
                _gathered(database, file.parent, warn)
            else:
                warn(f"warning: {file.parent} cannot be written, so the newest runs may be missing")
            yield database
        except sqlite3.Error as error:
            raise _unusable(file, error) from error


def gather_into(state: Path) -> None:
    """Move the journals into the database, if nobody else is at it or it does not work now: another time it will.

    For runs, which must not fail for it.
    """
    try:
        import sqlite3
    except ImportError:
        return  # Who reads the records is told.
    with contextlib.suppress(sqlite3.Error, OSError, NotReadyError):
        database = _connect(database_file(state), wait=0.1)
        if database is not None:
            with contextlib.closing(database):
                bring_up_to_date(database)
                gather(database, records_folder(state))


def _connect(file: Path, wait: float = WAIT_SECONDS) -> sqlite3.Connection | None:
    import sqlite3

    if not _is_writable(file):
        if not file.is_file():
            return None
        return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database = sqlite3.connect(file, timeout=wait, isolation_level=None)
    # Readers and one writer at a time do not wait for each other; a crash of the machine may cost the last commits, no
    # crash costs the database (sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous).
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA foreign_keys = ON")
    return database


def _is_writable(file: Path) -> bool:
    return os.access(file if file.exists() else file.parent, os.W_OK) and os.access(file.parent, os.W_OK)


def _gathered(database: sqlite3.Connection, folder: Path, warn: Callable[[str], None]) -> None:
    import sqlite3

    try:
        gather(database, folder)
    except (OSError, sqlite3.OperationalError) as error:
        warn(f"warning: the newest runs may be missing: {folder}: {error}")


def _unusable(file: Path, error: Exception) -> NotReadyError:
    return NotReadyError(
        f"the records cannot be used: {error}", hint=f"if nothing else helps, move {file} away", where=str(file)
    )
