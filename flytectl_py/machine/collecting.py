"""What of a control plane's home is old enough to go: runs that have ended, their data, and what nobody needs."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flytectl_py.errors import NotReadyError
from flytectl_py.machine.database import Database
from flytectl_py.machine.launches import run_logs
from flytectl_py.records.collecting import Garbage, remove, size_of
from flytectl_py.runtime.outcome import OUTPUTS
from flytectl_py.runtime.places import local_path

STATE = "plane.db"
SETTLED_SECONDS = 3600.0
"""Younger data may belong to a run that is just about to be made."""
_RUNS_AT_ONCE = 20
"""How many runs are forgotten in one transaction, for which a control plane that runs has to wait."""

_RUN = re.compile(rb"/runs/([^/\x00-\x1f]+/[^/\x00-\x1f]+/[^/\x00-\x1f\"]+)/")
_UPLOAD = re.compile(rb"/uploads/([^/\x00-\x1f]+/[^/\x00-\x1f]+/[^/\x00-\x1f]+)/")
_OLD = """
SELECT id, project, domain, name AS run_name, base FROM runs WHERE created < ?1 AND NOT EXISTS (
    SELECT 1 FROM actions LEFT JOIN attempts ON attempts.action = actions.id AND attempts.ended IS NULL
    WHERE actions.run = runs.id AND (actions.ended IS NULL OR actions.ended >= ?1 OR attempts.token IS NOT NULL)
)
"""


class _Needed(NamedTuple):
    """What stays: data folders of runs and of uploads as ``project/domain/name``, and the files of inputs."""

    runs: set[str]
    uploads: set[str]
    inputs: set[Path]


class Collection:
    """The state of a control plane, whether that runs or not, and what of it is older than a moment.

    :param home: of the control plane. :param before: in seconds since 1970, as `now`.
    :raises NotReadyError: the state cannot be read or written.
    """

    def __init__(self, home: Path, before: float, now: float) -> None:
        self._home = home
        self._before = before
        self._settled = min(before, now - SETTLED_SECONDS)
        self._database = Database(home / STATE)

    def close(self) -> None:
        """Close the state."""
        self._database.close()

    def found(self) -> list[Garbage]:
        """Return what may go, and how much it is; the records of runs first, which are no files."""
        with _readable():
            old = self._old()
            stores = self._stores()
            needed = self._needed({run["id"] for run in old})
            known = {_name(run) for run in self._database.rows("SELECT *, name AS run_name FROM runs")}
            running = {each["token"] for each in self._database.rows("SELECT token FROM attempts WHERE ended IS NULL")}
        gone = {_name(run) for run in old}
        logs = [place for run in old if (place := run_logs(self._home / "logs", run)).is_dir()]
        data = [
            place
            for store in stores
            for name, place in _named(store / "runs")
            if name not in needed.runs and (name in gone or (name not in known and self._is_old(place)))
        ]
        uploads = [
            place
            for store in stores
            for name, place in _named(store / "uploads")
            if name not in needed.uploads and self._is_old(place)
        ]
        inputs = [
            place
            for store in stores
            for _, place in _named(store / "inputs")
            if place not in needed.inputs and self._is_old(place)
        ]
        commands = [each for each in _listed(self._home / "commands") if each.name not in running]
        arriving = [each for each in _listed(self._home / "arriving") if self._is_old(each)]
        return [
            Garbage("records of runs", len(old), (), 0),
            _garbage("logs of runs", logs),
            _garbage("data folders of runs", data),
            _garbage("uploads", uploads),
            _garbage("inputs", inputs),
            _garbage("files of commands that failed", [each for each in commands if self._is_old(each)]),
            _garbage("broken uploads", arriving),
        ]

    def remove(self, found: Iterable[Garbage]) -> None:
        """Remove what was found, the files first: if this fails half-way, the records still tell the next one of them.

        :raises OSError: a file cannot be removed.
        """
        with _readable():
            self._forget_cached()
            for each in found:
                remove(each._replace(paths=tuple(self._still_unused(each))))
            old = [run["id"] for run in self._old()]
            for start in range(0, len(old), _RUNS_AT_ONCE):
                self._forget(old[start : start + _RUNS_AT_ONCE])
        with contextlib.suppress(sqlite3.Error):  # Somebody reads or writes: then the space is used again later.
            self._database.change("VACUUM")

    def _old(self) -> list[Any]:
        return self._database.rows(_OLD, self._before)

    def _still_unused(self, garbage: Garbage) -> Iterator[Path]:
        """Yield what nobody has written since it was found: clients send the same inputs and code again."""
        by_run = garbage.what in ("logs of runs", "data folders of runs")
        for each in garbage.paths:
            if by_run or self._is_old(each):
                yield each

    def _is_old(self, place: Path) -> bool:
        with contextlib.suppress(OSError):
            latest = max(each.lstat().st_mtime for each in (place, *_listed(place)))
            return latest < self._settled
        return False

    def _stores(self) -> list[Path]:
        """Return the folders in which data of runs is; what is in other stores is left to those."""
        found = {self._home / "blobs"}
        for run in self._database.rows("SELECT *, name AS run_name FROM runs"):
            root, below, rest = run["base"].rpartition(f"/runs/{_name(run)}")
            folder = local_path(root) if below and not rest else None
            if folder is not None:
                found.add(folder)
        return sorted(each for each in found if each.is_dir())

    def _needed(self, gone: set[int]) -> _Needed:
        """Return what the runs that stay, deployed tasks and cached outputs refer to."""
        needed = _Needed(set(), set(), set())
        seen: set[bytes] = set()

        def note(said: bytes) -> None:
            if said not in seen:
                seen.add(said)
                needed.runs.update(name.decode(errors="replace") for name in _RUN.findall(said))
                needed.uploads.update(name.decode(errors="replace") for name in _UPLOAD.findall(said))

        for task in self._database.rows("SELECT details FROM tasks"):
            note(task["details"])
        outputs = [
            each["output_uri"]
            for each in self._database.rows("SELECT output_uri FROM cache WHERE created >= ?", self._before)
        ]
        for each in self._database.rows("SELECT run, spec, input_uri, output_uri FROM actions"):
            if each["run"] in gone:
                continue
            note(each["spec"])
            inputs = local_path(each["input_uri"])
            if inputs is not None:
                needed.inputs.add(inputs)
                note(_content(inputs))
            note(f"{each['input_uri']}/".encode())
            outputs.append(each["output_uri"])
        for uri in outputs:
            folder = local_path(uri) if uri else None
            note(f"{uri}/".encode())
            if folder is not None:
                note(_content(folder / OUTPUTS))
        return needed

    def _forget(self, runs: list[int]) -> None:
        marks = ", ".join("?" for _ in runs)
        with self._database.transaction():
            self._database.change(
                f"DELETE FROM attempts WHERE action IN (SELECT id FROM actions WHERE run IN ({marks}))",  # noqa: S608
                *runs,
            )
            self._database.change(f"DELETE FROM actions WHERE run IN ({marks})", *runs)  # noqa: S608
            self._database.change(f"DELETE FROM runs WHERE id IN ({marks})", *runs)  # noqa: S608

    def _forget_cached(self) -> None:
        with self._database.transaction():
            self._database.change("DELETE FROM cache WHERE created < ?", self._before)


class _readable:  # noqa: N801  a context manager
    """Say in our words what SQLite says."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, sqlite3.Error):
            raise NotReadyError(f"the state of the control plane cannot be used: {error}") from error


def _name(run: Any) -> str:
    return f"{run['project']}/{run['domain']}/{run['run_name']}"


def _named(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what lies two folders below one, by ``project/domain/name``."""
    for project in _listed(folder):
        for domain in _listed(project):
            for each in _listed(domain):
                yield f"{project.name}/{domain.name}/{each.name}", each


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _garbage(what: str, paths: list[Path]) -> Garbage:
    return Garbage(what, len(paths), tuple(paths), sum(map(size_of, paths)))
