"""Changes of phase: each one is a transaction that holds only where the action is still where it was thought to be."""

from __future__ import annotations

import json
import time
from typing import Any

from flytectl_py.machine.changes import Changes
from flytectl_py.machine.database import Database
from flytectl_py.machine.phases import ABORTED, ENDED_SQL, FAILED, INITIALIZING, QUEUED, RUNNING, SUCCEEDED


class Progress:
    """What becomes of actions and their attempts. Errors are encoded ExecutionErrors."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    def begin(self, action: Any, token: str, executor: str, output_uri: str) -> int | None:
        """Begin an attempt of a queued action; return its number, or None where it is not queued any more.

        :param token: names the attempt for its executor, from now on and for ever.
        """
        number = int(action["attempt"]) + 1
        with self._database.transaction():
            if not self._step(action["id"], INITIALIZING, attempt=number, only=f"phase = {QUEUED}"):
                return None
            now = time.time()
            self._database.insert(
                "attempts", action=action["id"], number=number, token=token, executor=executor, phase=INITIALIZING,
                output_uri=output_uri, started=now, transitions=json.dumps([[QUEUED, now], [INITIALIZING, now]]),
            )  # fmt: skip
        self._changes.ring(action["run"])
        return number

    def running(self, action: Any, number: int) -> bool:
        """Note that an attempt runs; False where the action has ended meanwhile."""
        with self._database.transaction():
            going = self._step(action["id"], RUNNING, only=f"phase = {INITIALIZING} AND attempt = {number}")
            if going:
                self._note(action["id"], number, RUNNING)
        self._changes.ring(action["run"])
        return going

    def undo(self, action: Any, number: int) -> None:
        """Take back an attempt that never started, as if nobody had begun it."""
        with self._database.transaction():
            self._database.change("DELETE FROM attempts WHERE action = ? AND number = ?", action["id"], number)
            self._step(action["id"], QUEUED, attempt=number - 1, only=f"attempt = {number}")
        self._changes.ring(action["run"])

    def again(self, action: Any, number: int, error: bytes, wait: float) -> bool:
        """End an attempt that failed, and let there be another one in `wait` seconds."""
        with self._database.transaction():
            going = self._step(action["id"], QUEUED, only=f"attempt = {number}", not_before=time.time() + wait)
            self._note(action["id"], number, FAILED, error=error, ended=True)
        self._changes.ring(action["run"])
        return going

    def end(
        self,
        action: Any,
        phase: int,
        *,
        number: int = 0,
        error: bytes | None = None,
        output_uri: str = "",
        cache_status: int = 0,
        value: bytes | None = None,
        store_as: tuple[str, str, str] | None = None,
    ) -> bool:
        """End an action; False where it had ended before. What it called and has not ended is aborted with it.

        :param number: of the attempt that ended it, 0 where none did. :param value: of a condition, a Literal, encoded.
        :param store_as: project, domain and key under which its outputs are found by calls that are the same.
        """
        with self._database.transaction():
            only = f"attempt = {number}" if number else "1"
            ended = self._step(
                action["id"], phase, only=only, error=error, output_uri=output_uri, cache_status=cache_status,
                value=value, ended=time.time(),
            )  # fmt: skip
            if number:
                self._note(action["id"], number, phase if ended else ABORTED, error=error, ended=True)
            if ended and store_as is not None and phase == SUCCEEDED:
                self._database.change(
                    "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)", *store_as, output_uri, time.time()
                )
            if ended:
                self._abort_below(action["run"], [action["name"]], f"{action['name']}, which called it, has ended")
        self._changes.ring(action["run"])
        return ended

    def abort(self, action: Any, reason: str) -> bool:
        """Abort an action with all that it called; False where it had ended before."""
        with self._database.transaction():
            going = self._step(action["id"], ABORTED, only="1", reason=reason, ended=time.time())
            if going:
                self._abort_below(action["run"], [action["name"]], reason)
        self._changes.ring(action["run"])
        return going

    def attempt_over(self, action: int, number: int) -> None:
        """Note that nothing of an attempt is left, whose action had ended before it."""
        with self._database.transaction():
            self._note(action, number, ABORTED, ended=True)

    def under_way(self) -> list[Any]:
        """Return all attempts that have not ended."""
        return self._database.rows("SELECT * FROM attempts WHERE ended IS NULL ORDER BY started")

    def attempts(self, action: int) -> list[Any]:
        """Return the attempts of an action, the first one first."""
        return self._database.rows("SELECT * FROM attempts WHERE action = ? ORDER BY number", action)

    def cached(self, project: str, domain: str, key: str) -> Any | None:
        """Return where the outputs of a call are, with the moment of their making, or None."""
        return self._database.row(
            "SELECT output_uri, created FROM cache WHERE project = ? AND domain = ? AND key = ?", project, domain, key
        )

    def forget(self, project: str, domain: str, key: str) -> None:
        """Forget the outputs of a call: they are not there any more."""
        with self._database.transaction():
            self._database.change(
                "DELETE FROM cache WHERE project = ? AND domain = ? AND key = ?", project, domain, key
            )

    # -- within a transaction

    def _step(self, action: int, phase: int, *, only: str, **columns: Any) -> bool:
        """Change the phase of an action that has not ended, where `only` holds for it."""
        values = {"phase": phase, "changed": self._database.next_change(), **columns}
        names = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE actions SET {names} WHERE id = ? AND phase NOT IN {ENDED_SQL} AND {only}"  # noqa: S608
        return bool(self._database.change(sql, *values.values(), action))

    def _note(self, action: int, number: int, phase: int, *, error: bytes | None = None, ended: bool = False) -> None:
        found = self._database.row(
            "SELECT transitions FROM attempts WHERE action = ? AND number = ? AND ended IS NULL", action, number
        )
        if found is None:
            return
        now = time.time()
        transitions = json.dumps([*json.loads(found["transitions"]), [phase, now]])
        self._database.change(
            "UPDATE attempts SET phase = ?, error = ?, ended = ?, transitions = ? WHERE action = ? AND number = ?",
            *(phase, error, now if ended else None, transitions, action, number),
        )

    def _abort_below(self, run: int, parents: list[str], reason: str) -> None:
        while parents:
            marks = ", ".join("?" for _ in parents)
            found = self._database.rows(
                f"SELECT id, name FROM actions WHERE run = ? AND parent IN ({marks}) AND phase NOT IN {ENDED_SQL}",  # noqa: S608
                *(run, *parents),
            )
            for each in found:
                self._step(each["id"], ABORTED, only="1", reason=reason, ended=time.time())
            parents = [each["name"] for each in found]
