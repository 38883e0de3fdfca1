"""Runs and their actions, as the database holds them: how they come to be, and how they are found."""

# ruff: noqa: S608  the SQL is put together from constants of our own
from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Final

from flytectl_py.machine.changes import Changes
from flytectl_py.machine.database import Database
from flytectl_py.machine.phases import ENDED, PAUSED, QUEUED

ROOT: Final = "a0"
"""The name of the action that is the run itself."""

_COLUMNS = "actions.*, runs.org, runs.project, runs.domain, runs.name AS run_name, runs.base, runs.spec AS run_spec"
_ACTIONS = f"SELECT {_COLUMNS} FROM actions JOIN runs ON runs.id = actions.run"


class ExistsError(Exception):
    """There is a run or an action of that name."""


@dataclass(frozen=True, slots=True)
class RunKey:
    """What names a run."""

    org: str
    project: str
    domain: str
    name: str

    @classmethod
    def of(cls, identifier: Any) -> RunKey:
        """Return what a RunIdentifier names."""
        return cls(identifier.org, identifier.project, identifier.domain, identifier.name)


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action that is about to be made.

    :param kind: ``task``, ``trace`` or ``condition``. :param metadata: an ActionMetadata, encoded, and `spec` a
        TaskSpec, TraceSpec or ConditionAction.
    :param phase: QUEUED, PAUSED for a condition, or how a traced call ended.
    :param expires: seconds in the queue after which it is given up.
    :param deadline: seconds after which it has to have ended. :param cpu: cores. :param memory: bytes.
    """

    name: str
    parent: str
    kind: str
    metadata: bytes
    spec: bytes
    input_uri: str
    cache_key: str = ""
    phase: int = QUEUED
    output_uri: str = ""
    expires: float | None = None
    deadline: float | None = None
    cpu: float = 0
    memory: int = 0
    started: float | None = None
    ended: float | None = None


class Runs:
    """Runs and actions.

    A row of an action has the columns of the table `actions`, and of its run ``org project domain run_name base
    run_spec``.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    def create(self, key: RunKey, spec: bytes, base: str, root: NewAction) -> Any:
        """Make a run with its first action, and return the row of that.

        :raises ExistsError: there is a run of that name.
        """
        with self._database.transaction():
            try:
                run = self._database.insert(
                    "runs", org=key.org, project=key.project, domain=key.domain, name=key.name, spec=spec, base=base,
                    created=time.time(),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise ExistsError(key.name) from error
            made = self._insert(run, root, depth=0)
        row = self.by_number(made)
        self._changes.ring(row["run"])
        return row

    def enqueue(self, parent: Any, action: NewAction) -> Any:
        """Make a child of the action `parent`, a row, and return its own.

        :raises ExistsError: the run has an action of that name.
        """
        with self._database.transaction():
            try:
                made = self._insert(parent["run"], action, depth=parent["depth"] + 1)
            except sqlite3.IntegrityError as error:
                raise ExistsError(action.name) from error
        self._changes.ring(parent["run"])
        return self.by_number(made)

    def by_number(self, number: int) -> Any:
        """Return an action by its number here."""
        return self._database.row(f"{_ACTIONS} WHERE actions.id = ?", number)

    def find(self, key: RunKey, name: str = ROOT) -> Any | None:
        """Return an action by name; the run itself where none is given."""
        return self._database.row(
            f"{_ACTIONS} WHERE runs.project = ? AND runs.domain = ? AND runs.name = ? AND actions.name = ?",
            *(key.project, key.domain, key.name, name),
        )

    def actions(self, run: int) -> list[Any]:
        """Return all actions of a run, in the order in which they were made."""
        return self._database.rows(f"{_ACTIONS} WHERE actions.run = ? ORDER BY actions.id", run)

    def changed(self, run: int, since: int) -> list[Any]:
        """Return the actions of a run that changed after the change `since`, in the order in which they were made."""
        return self._database.rows(f"{_ACTIONS} WHERE actions.run = ? AND changed > ? ORDER BY actions.id", run, since)

    def children(self, run: int, parent: str, since: int) -> list[Any]:
        """Return the children of an action that changed after the change `since`, in the order of their changes."""
        return self._database.rows(
            f"{_ACTIONS} WHERE actions.run = ? AND actions.parent = ? AND changed > ? ORDER BY changed",
            *(run, parent, since),
        )

    def roots(
        self, project: str, domain: str, most: int = -1, skip: int = 0, *, since: int = 0, oldest_first: bool = False
    ) -> list[Any]:
        """Return runs of a project as their first actions, the latest first. Empty names mean all.

        :param most: how many; -1 for all. :param skip: how many of the first are left out.
        :param since: a change, after which the first action of the run has changed.
        """
        order = "ASC" if oldest_first else "DESC"
        return self._database.rows(
            # Runs in their own order, so that the latest few cost no more where there are many.
            f"SELECT {_COLUMNS} FROM runs CROSS JOIN actions ON actions.run = runs.id AND actions.name = ?"
            " WHERE ? IN ('', runs.project) AND ? IN ('', runs.domain) AND changed > ?"
            f" ORDER BY runs.id {order} LIMIT ? OFFSET ?",
            *(ROOT, project, domain, since, most, skip),
        )

    def paused(self) -> set[int]:
        """Return the runs with an action that waits for a person."""
        found = self._database.rows("SELECT DISTINCT run FROM actions WHERE ended IS NULL AND phase = ?", PAUSED)
        return {each["run"] for each in found}

    def keep_state(self, action: Any, state: str) -> None:
        """Keep a text for an action, in place of what was kept before."""
        with self._database.transaction():
            self._database.change("INSERT OR REPLACE INTO states VALUES (?, ?)", action["id"], state)

    def state(self, action: Any) -> str | None:
        """Return the text that was kept for an action; None where none was."""
        found = self._database.row("SELECT state FROM states WHERE action = ?", action["id"])
        return None if found is None else str(found["state"])

    def ready(self, now: float, most: int, skip: int) -> list[Any]:
        """Return actions that may start, without the first `skip`; deep ones first, for others wait for them."""
        return self._database.rows(
            f"{_ACTIONS} WHERE ended IS NULL AND actions.phase = ? AND not_before <= ?"
            " ORDER BY depth DESC, actions.id LIMIT ? OFFSET ?",
            *(QUEUED, now, most, skip),
        )

    def overdue(self, now: float) -> list[Any]:
        """Return actions that have waited for too long, or have not ended when they should."""
        return self._database.rows(
            f"{_ACTIONS} WHERE ended IS NULL AND ((actions.phase = {QUEUED} AND expires < ?) OR deadline < ?)",
            *(now, now),
        )

    def next_moment(self, now: float) -> float | None:
        """Return when the next action may start again or is overdue; None where nothing is known to come."""
        found = self._database.row(
            f"SELECT min(min(CASE WHEN not_before > ? THEN not_before ELSE 9e18 END, "
            f"CASE WHEN phase = {QUEUED} THEN ifnull(expires, 9e18) ELSE 9e18 END, ifnull(deadline, 9e18))) AS moment"
            " FROM actions WHERE ended IS NULL",
            now,
        )
        moment = found["moment"] if found is not None else None
        return None if moment is None or moment >= 9e18 else float(moment)

    def waiting_parents(self) -> set[tuple[int, str]]:
        """Return run and name of every action with children that have not ended."""
        found = self._database.rows("SELECT DISTINCT run, parent FROM actions WHERE ended IS NULL AND parent != ''")
        return {(each["run"], each["parent"]) for each in found}

    def _insert(self, run: int, action: NewAction, depth: int) -> int:
        now = time.time()
        started = now if action.started is None else action.started
        ended = action.ended
        if ended is None and action.phase in ENDED:
            ended = now
        return self._database.insert(
            "actions", run=run, name=action.name, parent=action.parent, depth=depth, metadata=action.metadata,
            spec=action.spec, kind=action.kind, input_uri=action.input_uri, output_uri=action.output_uri,
            cache_key=action.cache_key, phase=action.phase,
            expires=None if action.expires is None else now + action.expires,
            deadline=None if action.deadline is None else now + action.deadline,
            cpu=action.cpu, memory=action.memory, created=now, started=started, ended=ended,
            changed=self._database.next_change(),
        )  # fmt: skip
