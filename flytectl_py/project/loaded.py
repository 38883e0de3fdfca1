"""What a load found: modules, environments and tasks, and how the user may name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from flytectl_py.errors import UnknownNameError, UsageError
from flytectl_py.model.environment import Environment, TaskEnvironment
from flytectl_py.model.registry import Registry
from flytectl_py.model.task import Task
from flytectl_py.project.frames import shown_path
from flytectl_py.project.root import Root

AnyTask = Task[..., Any]


@dataclass(frozen=True)
class Loaded:
    """The outcome of `load`.

    :param target: the file or folder that was loaded, absolute.
    :param modules: those of the target, in the order of its files; what they import is not listed.
    :param registry: every environment that was declared, in any module.
    :param siblings: packages of other local projects that imports were answered with, and where each lies. It grows
        while tasks run.
    """

    root: Root
    target: Path
    modules: tuple[ModuleType, ...]
    registry: Registry
    siblings: dict[str, Path] = field(default_factory=dict)

    @property
    def environments(self) -> tuple[Environment, ...]:
        """Every environment that was declared, those of imported modules too, in the order of declaration."""
        return tuple(self.registry)

    def tasks(self) -> list[tuple[str, AnyTask]]:
        """Return the tasks of the target's own files in source order, then those that they import, with their names.

        The name is the variable's; a task that no variable holds goes by its function. Where another task has that
        name, it is ``environment.task``, by which `task` finds it.
        """
        own: list[tuple[str, AnyTask]] = []
        imported: list[tuple[str, AnyTask]] = []
        for module in self.modules:
            for name, task in _tasks_in(module):
                (own if _defined_in(task, module) else imported).append((name, task))
        files = {module.__file__ for module in self.modules}
        held = {id(task) for _, task in (*own, *imported)}
        names = {name for name, _ in (*own, *imported)}
        unheld = [task for task in self._registered() if id(task) not in held and _file_of(task) in files]
        own += [(task.name if task.short_name in names else task.short_name, task) for task in unheld]
        found = _first_of_each([*own, *imported])
        shared = {name for name, count in Counter(name for name, _ in found).items() if count > 1}
        return [(task.name if name in shared else name, task) for name, task in found]

    def task(self, name: str) -> AnyTask:
        """Return a task by the name of its variable or function in the target's files, or by ``environment.task``.

        An environment goes by its name or by the variable that holds it.

        :raises UnknownNameError: there is none of that name.
        :raises UsageError: several files of the target have one.
        """
        listed = self.tasks()
        pairs = [pair for module in self.modules for pair in _tasks_in(module)]
        candidates = [*pairs, *listed]
        for matching in (
            [pair for pair in candidates if pair[0] == name],
            [pair for pair in candidates if name in (pair[1].short_name, pair[1].func.__name__)],
            [pair for pair in candidates if pair[1].name == name],
        ):
            found = _first_of_each(matching)
            if len(found) > 1 and _alike(found):
                found = found[:1]
            if len(found) == 1:
                return found[0][1]
            if found:
                raise _ambiguous("task", name, (f"{task.name} ({_place(task)})" for _, task in found))
        registered = list(self._registered())
        variable, _, short_name = name.rpartition(".")
        held = [vars(module).get(variable) for module in self.modules] if variable else []
        names = {name, *(f"{each.name}.{short_name}" for each in held if isinstance(each, Environment))}
        exact = next((task for task in registered if task.name in names), None)
        if exact is not None:
            return exact
        elsewhere = [task.name for task in registered if task.short_name == name]
        hint = f"it is known as {' and '.join(elsewhere)}" if elsewhere else ""
        plain = [value for module in self.modules if callable(value := vars(module).get(name))]
        if plain:
            hint = f"{name} is not a task: decorate it with @env.task"
        known = [task.name for task in registered] if "." in name else [each for each, _ in listed]
        raise UnknownNameError("task", name, known, where=shown_path(str(self.target)), hint=hint)

    def environment(self, name: str) -> Environment:
        """Return an environment by its name, or by the variable that holds it in the target's files.

        :raises UnknownNameError: there is none of that name.
        :raises UsageError: several files of the target have a variable of that name.
        """
        named = self.registry.get(name)
        if named is not None:
            return named
        held = [vars(module).get(name) for module in self.modules]
        found = {each.name: each for each in held if isinstance(each, Environment)}
        if len(found) > 1:
            raise _ambiguous("environment", name, (f"{each.name} ({each.place})" for each in found.values()))
        if not found:
            raise UnknownNameError(
                "environment", name, [each.name for each in self.registry], where=shown_path(str(self.target))
            )
        return next(iter(found.values()))

    def register_known(self) -> None:
        """Register the environments of modules that were loaded before this load, and so declared nothing during it."""
        for module in self.modules:
            for value in list(vars(module).values()):
                environment = value.environment if isinstance(value, Task) else value
                if isinstance(environment, Environment) and self.registry.get(environment.name) is None:
                    self.registry.add(environment)

    def _registered(self) -> Iterator[AnyTask]:
        for environment in self.registry:
            if isinstance(environment, TaskEnvironment):
                yield from environment.tasks.values()


def _tasks_in(module: ModuleType) -> list[tuple[str, AnyTask]]:
    return [(name, value) for name, value in vars(module).items() if isinstance(value, Task)]


def _code(task: AnyTask) -> Any:
    function: Any = task.func
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return getattr(function, "__code__", None)


def _file_of(task: AnyTask) -> str:
    return getattr(_code(task), "co_filename", "")


def _place(task: AnyTask) -> str:
    code = _code(task)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else task.func.__module__


def _defined_in(task: AnyTask, module: ModuleType) -> bool:
    return task.func.__module__ == module.__name__ or _file_of(task) == module.__file__


def _first_of_each(pairs: Iterable[tuple[str, AnyTask]]) -> list[tuple[str, AnyTask]]:
    first: dict[int, tuple[str, AnyTask]] = {}
    for name, task in pairs:
        first.setdefault(id(task), (name, task))
    return list(first.values())


def _alike(pairs: list[tuple[str, AnyTask]]) -> bool:
    """Whether all are one function under one name with other settings, so that the first, the original, is meant."""
    return len({(task.name, task.func) for _, task in pairs}) == 1


def _ambiguous(kind: str, name: str, candidates: Iterable[str]) -> UsageError:
    listed = list(candidates)
    return UsageError(
        f"several files have {'an' if kind[0] in 'aeiou' else 'a'} {kind} '{name}': {', '.join(listed)}",
        hint=f"name one of them in full, e.g. {listed[0].partition(' ')[0]}",
    )
