"""The runs that are recorded on this machine, for completion: read only, whatever state the records are in."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

from flytectl_py.project.root import upwards
from flytectl_py.project.state import state_folder
from flytectl_py.records.finding import recorded_roots
from flytectl_py.records.journal import ENDING
from flytectl_py.records.places import database_file, journals_folder, records_folder

_MOST = 50


class RunFound(NamedTuple):
    """A run; `file` is that of its task, as a path from here."""

    name: str
    task: str
    file: str
    started: float


def recorded_runs() -> list[RunFound]:
    """Return the newest runs of the project of the current folder, or of those in it."""
    here = Path.cwd()
    found: dict[str, RunFound] = {}
    for root in recorded_roots(here, upwards(here), str(records_folder(state_folder(Path())))):
        state = state_folder(root)
        for run in (*_in_journals(journals_folder(state), root), *_in_database(database_file(state), root)):
            found.setdefault(run.name, run)
    return sorted(found.values(), key=lambda run: -run.started)[:_MOST]


def recorded_actions(run: str) -> list[tuple[int, str]]:
    """Return the number and the task of the first actions of a run that is in the database of its project."""
    here = Path.cwd()
    query = "SELECT number, name FROM actions WHERE run = (SELECT id FROM runs WHERE name = ?) ORDER BY number LIMIT ?"
    for root in recorded_roots(here, upwards(here), str(records_folder(state_folder(Path())))):
        if found := _asked(database_file(state_folder(root)), query, (run, _MOST)):
            return found
    return []


def _in_database(file: Path, root: Path) -> list[RunFound]:
    rows = _asked(file, "SELECT name, task, file, started FROM runs ORDER BY started DESC LIMIT ?", (_MOST,))
    return [RunFound(name, task, str(root / (path or "")), started) for name, task, path, started in rows]


def _asked(file: Path, query: str, values: tuple[object, ...]) -> list[Any]:
    """Return the rows of a query; none where the database cannot be read."""
    if not file.is_file():
        return []
    # SQLite makes files beside a database that it reads, unless nobody can write to it meanwhile.
    how = "mode=ro" if os.path.exists(f"{file}-wal") else "immutable=1"
    try:
        database = sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=0.1)
    except sqlite3.Error:
        return []
    try:
        return database.execute(query, values).fetchall()
    except sqlite3.Error:
        return []
    finally:
        database.close()


def _in_journals(folder: Path, root: Path) -> list[RunFound]:
    """Return the runs that nothing has put into the database yet."""
    try:
        journals = [each for each in os.scandir(folder) if each.name.endswith(ENDING)]
        journals.sort(key=lambda each: -each.stat().st_mtime)
    except OSError:
        return []
    found = []
    for each in journals[:_MOST]:
        try:
            with open(each.path, encoding="utf-8") as file:
                kind, header = json.loads(file.readline())[0]
            if kind == "run":
                place = str(root / header.get("file", ""))
                found.append(RunFound(header["name"], header["task"], place, header["started"]))
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            continue  # It is being written.
    return found
