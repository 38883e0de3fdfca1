"""What the database says: runs, their actions, and what those printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.errors import UnknownNameError

if TYPE_CHECKING:
    import sqlite3


class RunRecord(NamedTuple):
    """One run. `started` is in seconds since 1970; `seconds` is None while it goes on.

    :param phase: ``running``, ``succeeded``, ``failed`` or ``aborted``. :param actions: how many it had so far.
    :param file: that was loaded for it, relative to `root` where it lies there.
    :param git_dirty: whether files differed from the commit; None is not known.
    :param code: the digest that a bundle of the user's loaded files has. :param bundle: the digest of the one that was
        kept, and `archive` where it is.
    """

    id: int
    name: str
    task: str
    phase: str
    started: float
    seconds: float | None
    error_code: str | None
    error: str | None
    root: str
    file: str
    project: str
    domain: str
    version: str
    python: str
    git_commit: str | None
    git_dirty: bool | None
    code: str | None
    bundle: str | None
    archive: str | None
    actions: int
    cache_hits: int


class FailedAttempt(NamedTuple):
    """An attempt of an action that another one followed; `attempt` counts from 1."""

    attempt: int
    error_code: str
    error: str


class ActionRecord(NamedTuple):
    """One action of a run; `number` counts from 0, `parent` is its caller's. `cache` is ``hit``, ``miss`` or None.

    :param earlier: the attempts before the last one.
    """

    number: int
    parent: int | None
    name: str
    kind: str
    group: str | None
    started: float
    seconds: float | None
    attempts: int
    phase: str
    cache: str | None
    inputs: dict[str, Any] | None
    outputs: Any
    error_code: str | None
    error: str | None
    earlier: tuple[FailedAttempt, ...] = ()


class Printed(NamedTuple):
    """A piece of what action `number` printed; `stream` is 1 for stdout and 2 for stderr."""

    number: int
    stream: int
    text: str


_RUN = (
    "id, name, task, phase, started, seconds, error_code, error, root, file, project, domain, version, python,"
    " git_commit, git_dirty, code, bundle, archive,"
    " (SELECT count(*) FROM actions WHERE run = runs.id),"
    " (SELECT count(*) FROM actions WHERE run = runs.id AND cache = 'hit')"
)
_ACTION = (
    "number, parent, name, kind, in_group, started, seconds, attempts, phase, cache, inputs, outputs, error_code, error"
)


def runs(database: sqlite3.Connection, limit: int | None = None) -> list[RunRecord]:
    """Return the newest runs first, at most `limit` of them."""
    query = f"SELECT {_RUN} FROM runs ORDER BY started DESC, id DESC LIMIT ?"  # noqa: S608  only our own text
    return [_run(row) for row in database.execute(query, (-1 if limit is None else limit,))]


def number_of_runs(database: sqlite3.Connection) -> int:
    """Return how many runs are recorded."""
    return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])


def run_named(database: sqlite3.Connection, name: str) -> RunRecord:
    """Return the newest run of that name.

    :raises UnknownNameError: there is none.
    """
    query = f"SELECT {_RUN} FROM runs WHERE name = ? ORDER BY started DESC, id DESC LIMIT 1"  # noqa: S608  as above
    row = database.execute(query, (name,)).fetchone()
    if row is None:
        newest = [known for (known,) in database.execute("SELECT name FROM runs ORDER BY started DESC LIMIT 10")]
        raise UnknownNameError("run", name, newest, hint="see 'flyte get run'")
    return _run(row)


def actions_of(database: sqlite3.Connection, run: RunRecord) -> list[ActionRecord]:
    """Return the actions of a run in the order in which they were called."""
    query = f"SELECT {_ACTION} FROM actions WHERE run = ? ORDER BY number"  # noqa: S608  as above
    actions = [_action(row) for row in database.execute(query, (run.id,))]
    earlier: dict[int, list[FailedAttempt]] = {}
    asked = "SELECT number, attempt, error_code, error FROM failed_attempts WHERE run = ? ORDER BY number, attempt"
    for number, *fields in database.execute(asked, (run.id,)):
        earlier.setdefault(number, []).append(FailedAttempt(*fields))
    return [each._replace(earlier=tuple(earlier.get(each.number, ()))) for each in actions] if earlier else actions


def root_action(database: sqlite3.Connection, run: RunRecord) -> ActionRecord | None:
    """Return the action that the run began with, None if it had not begun."""
    query = f"SELECT {_ACTION} FROM actions WHERE run = ? AND number = 0"  # noqa: S608  as above
    row = database.execute(query, (run.id,)).fetchone()
    return None if row is None else _action(row)


def printed_by(database: sqlite3.Connection, run: RunRecord, action: int | None = None) -> Iterator[Printed]:
    """Give what the actions of a run printed, or just one of them, in the order in which it was printed."""
    which, values = ("", (run.id,)) if action is None else (" AND number = ?", (run.id, action))
    query = f"SELECT number, stream, text FROM printed WHERE run = ?{which} ORDER BY id"  # noqa: S608  as above
    for row in database.execute(query, values):
        yield Printed(*row)


def _run(row: tuple[Any, ...]) -> RunRecord:
    record = RunRecord(*row)
    return record if record.git_dirty is None else record._replace(git_dirty=bool(record.git_dirty))


def _action(row: tuple[Any, ...]) -> ActionRecord:
    record = ActionRecord(*row)
    return record._replace(inputs=_parsed(row[10]), outputs=_parsed(row[11]))


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
