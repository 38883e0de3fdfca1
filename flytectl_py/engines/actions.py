"""One call in a run, as the engine keeps it while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from flytectl_py.engines.api import Phase
    from flytectl_py.model.task import Task

Kind = Literal["task", "trace"]
CacheUse = Literal["hit", "miss"]


class Action:
    """One call of a task, or of a traced function, in a run. It changes while it runs.

    :param number: counts from 0, the run's own task. :param parent: the number of its caller.
    :param task: None for a traced function. :param group: the name of the group of calls that it belongs to.
    """

    __slots__ = ("attempts", "cache", "error", "group", "kind", "name", "number", "parent", "phase", "seconds", "task")

    def __init__(
        self, number: int, parent: int | None, name: str, kind: Kind, task: Task[..., Any] | None, group: str | None
    ) -> None:
        self.number = number
        self.parent = parent
        self.name = name
        self.kind = kind
        self.task = task
        self.group = group
        self.attempts = 1
        self.cache: CacheUse | None = None
        self.phase: Phase | None = None
        self.seconds = 0.0
        self.error: tuple[str, str] | None = None
