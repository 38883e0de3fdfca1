"""What of a project's records is old enough to go: finding it, measuring it, removing it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flytectl_py.records.places import bundles_folder, journals_folder, unpacked_folder

if TYPE_CHECKING:
    import sqlite3

RUN_DATA = "runs"
"""The folder, in a state folder, in which each run has one of its name for its outputs and data."""
_UNSETTLED_SECONDS = 3600.0
"""A folder without a record may belong to a run whose record is still to come."""


_NAMED = re.compile(rb"\.flyte/state/runs/([^/\"'\\\x00-\x1f]+)/")


class Garbage(NamedTuple):
    """Things of one kind that may go: what they are, files and folders, and how many bytes those hold."""

    what: str
    number: int
    paths: tuple[Path, ...]
    bytes: int


class _Names(NamedTuple):
    """Names that runs which stay need, and names that others needed."""

    needed: set[str]
    gone: set[str]


def old_runs(database: sqlite3.Connection, before: float) -> list[int]:
    """Return the runs that ended before that time, in seconds since 1970."""
    query = "SELECT id FROM runs WHERE phase != 'running' AND started + coalesce(seconds, 0) < ?"
    return [run for (run,) in database.execute(query, (before,))]


def runs_named_in(data: bytes) -> set[str]:
    """Return the names of the runs whose data folders are named in `data`, such as a cached output or JSON."""
    return {name.decode(errors="replace") for name in _NAMED.findall(data)}


def garbage_of(
    database: sqlite3.Connection, state: Path, old: Iterable[int], now: float, needed: Iterable[str] = ()
) -> list[Garbage]:
    """Return what lies on the disk for runs that are `old`, or for none at all.

    Data that runs which stay have read or returned, in particular those that still go on, stays with them.

    :param needed: names of runs whose data stays in any case.
    """
    gone = set(old)
    rows = list(database.execute("SELECT id, name, bundle FROM runs"))
    names = _Names({row[1] for row in rows if row[0] not in gone}, {row[1] for row in rows if row[0] in gone})
    names.needed.update(needed, _read_by_others(database, gone))
    code = _Names({row[2] for row in rows if row[0] not in gone}, {row[2] for row in rows if row[0] in gone})
    settled = now - _UNSETTLED_SECONDS
    return [
        _garbage("data folders of runs", _unneeded(state / RUN_DATA, names, settled)),
        _garbage("kept bundles", _unneeded(bundles_folder(state), code, settled, ".tar.gz")),
        _garbage("unpacked bundles", _unneeded(unpacked_folder(state), code, settled)),
        _garbage("damaged journals", sorted(journals_folder(state).glob("*.damaged"))),
    ]


def forget_runs(database: sqlite3.Connection, runs: Iterable[int]) -> None:
    """Take runs out of the database, with their actions and what those printed, and give the space back."""
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany("DELETE FROM runs WHERE id = ?", [(run,) for run in runs])
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    import sqlite3

    with contextlib.suppress(sqlite3.OperationalError):  # Somebody reads: then the space is used again later.
        database.execute("VACUUM")


def remove(garbage: Garbage) -> None:
    """Remove files and folders.

    :raises OSError: one of them cannot be removed.
    """
    for path in garbage.paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Return the bytes in a file, or in all files below a folder."""
    return sum(_sizes(path))


def _sizes(path: Path) -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError):  # Somebody else removes it now.
        if path.is_dir() and not path.is_symlink():
            for each in os.scandir(path):
                yield from _sizes(Path(each.path))
        else:
            yield path.lstat().st_size


def _read_by_others(database: sqlite3.Connection, gone: set[int]) -> set[str]:
    """Return the names of runs whose data is among the inputs and outputs of runs that stay."""
    found: set[str] = set()
    rows = database.execute(
        "SELECT run, coalesce(inputs, '') || ' ' || coalesce(outputs, '') AS said FROM actions"
        " WHERE said LIKE '%.flyte/state/runs/%'"
    )
    for run, said in rows:
        if run not in gone:
            found |= runs_named_in(said.encode())
    return found


def _garbage(what: str, paths: Iterable[Path]) -> Garbage:
    found = tuple(paths)
    return Garbage(what, len(found), found, sum(map(size_of, found)))


def _unneeded(folder: Path, names: _Names, settled: float, ending: str = "") -> list[Path]:
    """Return what lies in `folder` under names that nobody needs; unknown names if they are not new."""
    if not folder.is_dir():
        return []
    found = []
    for each in sorted(folder.iterdir()):
        name = each.name.removesuffix(ending)
        if name not in names.needed and (name in names.gone or each.lstat().st_mtime < settled):
            found.append(each)
    return found
