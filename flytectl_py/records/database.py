"""The database of records of one project: opened, brought up to date, and filled from the journals."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flytectl_py.errors import NotReadyError
from flytectl_py.records.gathering import MOST_BYTES, gather, unread_bytes
from flytectl_py.records.places import database_file, records_folder
from flytectl_py.records.schema import bring_up_to_date

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

WAIT_SECONDS = 30.0
"""How long a process waits for others that write."""
_SILENT_SECONDS = 1.0
"""How much of that passes before it is said."""
_FIRST_BYTES = 2**18
"""A new database takes less, with its log."""


@contextmanager
def opened(state: Path, warn: Callable[[str], None]) -> Iterator[sqlite3.Connection | None]:
    """Give the database of the project whose state folder is `state`, with all that happened until now in it.

    None where nothing was ever recorded. Where it cannot be written a copy in memory is given, and `warn` is told why.

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
    _warn_if_empty(file, warn)
    try:
        database = _for_writing(file, warn)
        if database is None:
            warn(f"warning: {file.parent} cannot be written, so nothing is changed in the records")
            database = _copied(file, warn)
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    with contextlib.closing(database):
        try:
            yield database
        except sqlite3.Error as error:
            raise _unusable(file, error) from error


def is_copy(database: sqlite3.Connection) -> bool:
    """Whether `database` was given instead of one that cannot be written, so that no change in it lasts."""
    return not any(file for _, name, file in database.execute("PRAGMA database_list") if name == "main")


def _for_writing(file: Path, warn: Callable[[str], None]) -> sqlite3.Connection | None:
    """Return the database, brought up to date; None where the disk is full or nothing may be written."""
    import sqlite3

    if not _is_writable(file):
        return None
    database = None
    try:
        database = _free_to_write(file, warn)
        bring_up_to_date(database)
        left = unread_bytes(file.parent)
        if left > MOST_BYTES:
            warn(f"reading {left / 2**20:.0f} MiB that runs have written, which takes a while")
        gather(database, file.parent, warn)
    except (OSError, sqlite3.OperationalError) as error:
        if database is not None:
            database.close()
        faults = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        # The lowest byte of an extended code is the plain one (sqlite.org/rescode.html).
        if isinstance(error, OSError) or error.sqlite_errorcode & 0xFF in faults:
            return None
        raise
    except BaseException:
        if database is not None:
            database.close()
        raise
    return database


def _free_to_write(file: Path, warn: Callable[[str], None]) -> sqlite3.Connection:
    """Return the database once nobody else writes to it; that it has to be waited for is said."""
    import sqlite3

    try:
        with contextlib.closing(_connect(file, _SILENT_SECONDS)) as tried:
            tried.execute("BEGIN IMMEDIATE")
            tried.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if not _is_locked(error):
            raise
        warn(f"waiting for another process that writes to {file}")
    return _connect(file, WAIT_SECONDS)


def _copied(file: Path, warn: Callable[[str], None]) -> sqlite3.Connection:
    """Return what the database and the journals say, in memory."""
    import sqlite3

    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if file.is_file() and file.stat().st_size:
            # Another process may be writing to it, so its log is read where it can be.
            for how in ("mode=ro", "mode=ro&immutable=1"):
                try:
                    with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as stored:
                        stored.backup(database)
                    break
                except sqlite3.OperationalError:
                    if how != "mode=ro":
                        raise
        bring_up_to_date(database)
        try:
            gather(database, file.parent, warn, moving=False)
        except OSError as error:
            warn(f"warning: the newest runs may be missing: {file.parent}: {error}")
    except BaseException:
        database.close()
        raise
    return database


def _warn_if_empty(file: Path, warn: Callable[[str], None]) -> None:
    """Say that a database is empty: none that was ever written is."""
    with contextlib.suppress(OSError):
        if file.stat().st_size == 0:
            warn(f"warning: {file} is empty, so the runs that it held are missing from the records")


def gather_into(state: Path, warn: Callable[[str], None]) -> None:
    """Move the journals into the database, if nobody else is at it or it does not work now: another time it will.

    For runs, which must not fail for it.
    """
    try:
        import sqlite3
    except ImportError:
        return  # Who reads the records is told.
    _warn_if_empty(database_file(state), warn)
    with (
        contextlib.suppress(sqlite3.Error, OSError, NotReadyError),
        contextlib.closing(_connect(database_file(state), wait=0.1)) as database,
    ):
        bring_up_to_date(database)
        gather(database, records_folder(state), warn)


def _connect(file: Path, wait: float) -> sqlite3.Connection:
    import sqlite3

    if not file.exists():
        # On a full disk SQLite would make an empty file, which looks as if runs had been in it.
        with tempfile.TemporaryFile(dir=file.parent) as tried:
            tried.write(bytes(_FIRST_BYTES))
    database = sqlite3.connect(file, timeout=wait, isolation_level=None)
    try:
        # Readers and one writer at a time do not wait for each other; a crash of the machine may cost the last commits,
        # no crash costs the database (sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous).
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        database.close()
        raise
    return database


def _is_writable(file: Path) -> bool:
    return os.access(file if file.exists() else file.parent, os.W_OK) and os.access(file.parent, os.W_OK)


def _is_locked(error: sqlite3.Error) -> bool:
    import sqlite3

    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _unusable(file: Path, error: sqlite3.Error) -> NotReadyError:
    if _is_locked(error):
        return NotReadyError(
            f"another process has been writing to the records for more than {WAIT_SECONDS:g} s",
            hint=f"try again when it has ended; 'fuser -v {file}' names it",
            where=str(file),
        )
    return NotReadyError(
        f"the records cannot be used: {error}", hint=f"if nothing else helps, move {file} away", where=str(file)
    )
