"""What a running task can know of itself: its action, its run, and where its data goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

Mode = Literal["local", "remote", "hybrid"]


class ActionID(NamedTuple):
    """One task call of one run. The first action of a run is named ``a0``."""

    name: str
    run_name: str
    project: str
    domain: str
    org: str


class TaskContext(NamedTuple):
    """Given by ``flyte.ctx()`` inside a running task.

    `attempt` counts from 1. `output_path` is where this action's outputs belong and `raw_data_path` where the data of
    files, folders and tables goes; neither need exist yet.
    """

    action: ActionID
    task: str
    version: str
    mode: Mode
    attempt: int
    run_base_dir: str
    output_path: str
    raw_data_path: str
    group: str | None = None


current_context: ContextVar[TaskContext | None] = ContextVar("flyte_context", default=None)
current_group: ContextVar[str | None] = ContextVar("flyte_group", default=None)


def ctx() -> TaskContext | None:
    """Return the context of the running task, or None outside one."""
    return current_context.get()


@contextmanager
def group(name: str) -> Iterator[None]:
    """Show the tasks that are called in the block under one name.

    Example::

        with flyte.group("features"):
            rows = await asyncio.gather(*(feature(x) for x in xs))
    """
    token = current_group.set(name)
    try:
        yield
    finally:
        current_group.reset(token)
