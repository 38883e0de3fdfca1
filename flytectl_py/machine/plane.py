"""The parts of a running control plane, put together: state, data, and what runs the tasks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from flytectl_py.machine.blobs import Blobs, Tickets
from flytectl_py.machine.changes import Changes
from flytectl_py.machine.database import Database
from flytectl_py.machine.executors.api import Executor
from flytectl_py.machine.progress import Progress
from flytectl_py.machine.runs import Runs
from flytectl_py.machine.tasks import Projects, Tasks


@dataclass(frozen=True, slots=True)
class Capacity:
    """What actions may take at once: cores and bytes."""

    cpu: float
    memory: int

    @classmethod
    def of_machine(cls) -> Capacity:
        """Return what this machine has; a tenth of its memory is left to the rest."""
        try:
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 9 // 10
        except (OSError, ValueError):
            memory = 1 << 62
        return cls(float(os.cpu_count() or 1), memory)


class Plane:
    """One control plane. `url` is where it answers, which tasks are told.

    :param home: the folder with its state. :param store: URI of the folder or store with its data, `home` unless given.
    """

    def __init__(
        self, home: Path, url: str, executor: Executor, *, store: str = "", capacity: Capacity | None = None
    ) -> None:
        self.home = home
        self.url = url
        self.executor = executor
        self.capacity = capacity or Capacity.of_machine()
        self.logs = home / "logs"
        self.changes = Changes()
        self.database = Database(home / "plane.db")
        self.tickets = Tickets(self.database)
        self.blobs = Blobs(store or (home / "blobs").absolute().as_uri(), home / "arriving", os.environ)
        self.tasks = Tasks(self.database)
        self.projects = Projects(self.database)
        self.runs = Runs(self.database, self.changes)
        self.progress = Progress(self.database, self.changes)

    def close(self) -> None:
        """Close the state and give back connections."""
        self.blobs.close()
        self.database.close()
