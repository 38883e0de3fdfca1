"""Whether tasks can be deployed, and what is said of those that cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.engines.api import line_of
from flytectl_py.engines.server_rules import check_rules
from flytectl_py.errors import DeclarationError, FlyteError, UsageError
from flytectl_py.model.task import Task
from flytectl_py.plan.deployment import MOST_CHARACTERS
from flytectl_py.values.badvalue import BadValue

if TYPE_CHECKING:
    from flytectl_py.wire.task_spec import Submission

AnyTask = Task[..., Any]
Message = Any
"""A message of the protocol. It is made and read in `wire/`, and only handed on here."""
T = TypeVar("T")


def check_tasks(tasks: Sequence[AnyTask], target: Path) -> None:
    """Refuse no tasks, and two that would be one on a cluster."""
    from flytectl_py.wire.task_spec import task_name

    if not tasks:
        raise UsageError("there is no task to deploy", hint="decorate a function with @env.task", where=str(target))
    known: dict[str, AnyTask] = {}
    for task in tasks:
        other = known.setdefault(task_name(task), task)
        if other is not task:
            raise UsageError(
                f"two tasks would be '{task_name(task)}': {other.name} and {task.name} are of one function's name",
                hint="a cluster names tasks by their functions: rename one of them",
                where=str(task.environment.place),
            )
        if len(task.short_name) > MOST_CHARACTERS:
            raise UsageError(
                f"the short name '{task.short_name}' has {len(task.short_name)} characters, and a cluster takes "
                f"{MOST_CHARACTERS}",
                where=line_of(task),
            )
        config = task.environment.plugin_config
        if config is not None:
            raise DeclarationError(
                f"TaskEnvironment('{task.environment.name}', plugin_config=…)",
                config,
                "tasks of plugins cannot be deployed; leave it out",
                where=str(task.environment.place),
            )


def check_identity(task: AnyTask, submission: Submission) -> None:
    """Refuse a name that no server takes. Raises as `check_rules`."""
    from flytectl_py.wire.task_spec import task_identifier

    check_rules(task_identifier(task, submission), f"the task {task.name}", line_of(task))


def checked_spec(task: AnyTask, spec: Message) -> Message:
    """Return `spec`, the specification of `task`, if servers take it. Raises as `check_rules`."""
    check_rules(spec, f"the task {task.name}", line_of(task))
    return spec


def said_of(task: AnyTask, make: Callable[[], T]) -> T:
    """Return what `make` makes; a value that it cannot take is told of the task.

    :raises UsageError: a default that is no value of its annotation, for one.
    """
    try:
        return make()
    except BadValue as bad:
        raise UsageError(f"the task {task.name} cannot travel: {bad.message}", where=line_of(task)) from bad
    except FlyteError as error:
        if not error.where:
            error.where = line_of(task)
        raise
