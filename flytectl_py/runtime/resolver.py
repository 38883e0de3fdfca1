"""From the resolver's name and arguments to the task: its module, loaded from the code at the destination."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from flytectl_py.errors import FlyteError, ModuleLoadError, UnknownNameError, UsageError, did_you_mean
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.registry import current_registry
from flytectl_py.model.task import Task

DEFAULT_RESOLVER = "flyte._internal.resolvers.default.DefaultTaskResolver"
"""What stands in the arguments of the container for tasks that a module holds; no module of that name has to exist."""

_LISTED = 60
_NOT_CODE = frozenset({"__pycache__", ".git", ".venv", "venv", "node_modules", ".flyte-a0"})

AnyTask = Task[..., Any]


def load_task(resolver: str, arguments: Sequence[str], code: Path) -> AnyTask:
    """Return the task that a resolver finds with its arguments.

    :param resolver: `DEFAULT_RESOLVER`, with ``mod MODULE instance NAME``; or the full name of a class of the user's
        whose instance has ``load_task(arguments)``.
    :param code: the folder that holds the code.
    :raises ModuleLoadError: a module is not there, or raised while it was loaded.
    :raises UsageError: the arguments are wrong, or the resolver is none.
    :raises UnknownNameError: the module holds no such task.
    """
    if resolver == DEFAULT_RESOLVER:
        named = dict(zip(arguments[::2], arguments[1::2], strict=False))
        if len(arguments) % 2 or not {"mod", "instance"} <= named.keys():
            raise UsageError(
                f"the resolver takes: mod MODULE instance NAME; it got: {' '.join(arguments) or 'nothing'}"
            )
        return _in_module(_module(named["mod"], code), named["instance"])
    module, _, name = resolver.rpartition(".")
    if not module:
        raise UsageError(f"{resolver!r} is not the full name of a resolver", hint="write package.module.Class")
    made = getattr(_module(module, code), name, None)
    load = getattr(made() if isinstance(made, type) else made, "load_task", None)
    if not callable(load):
        raise UsageError(f"{resolver} is not a resolver: it has no load_task(arguments)")
    task = load(list(arguments))
    if not isinstance(task, Task):
        raise UsageError(f"{resolver} returned {task!r}, which is not a task")
    return task


def _module(name: str, code: Path) -> ModuleType:
    from flytectl_py.project.frames import innermost_user_place, user_traceback

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        raise ModuleLoadError(
            f"No module named '{missing}'" + ("" if missing == name else f", which {name} imports"),
            hint=_remedies(missing, code),
            where=innermost_user_place(error),
            user_traceback=user_traceback(error),
        ) from error
    except FlyteError as error:
        place = innermost_user_place(error) or error.where
        raise ModuleLoadError(
            error.message or type(error).__name__, hint=error.hint, where=place, user_traceback=user_traceback(error)
        ) from error
    except Exception as error:
        raise ModuleLoadError(
            f"cannot load {name}: {type(error).__name__}: {error}",
            where=innermost_user_place(error),
            user_traceback=user_traceback(error),
        ) from error


def _in_module(module: ModuleType, name: str) -> AnyTask:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, Task):
        return found
    # A task that no variable holds: made by a factory, or its name was given to something else.
    for environment in current_registry.get():
        if isinstance(environment, TaskEnvironment):
            for task in environment.tasks.values():
                if task.func.__module__ == module.__name__ and name in (task.short_name, task.func.__name__):
                    return task
    known = [each for each, value in vars(module).items() if isinstance(value, Task)]
    raise UnknownNameError("task", name, known, where=str(getattr(module, "__file__", None) or module.__name__))


def missing_module(name: str, code: Path) -> str:
    """Return what to do about a module that was not found, with the list of the code that is there."""
    return _remedies(name, code)


def _remedies(name: str, code: Path) -> str:
    files = sorted(_files(code))
    listed = "".join(f"\n  {each}" for each in files[:_LISTED]) or "\n  nothing"
    more = f"\n  … and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
    top = name.partition(".")[0]
    modules = {each.partition("/")[0].removesuffix(".py") for each in files if each.endswith(".py")}
    near = did_you_mean(top, modules - {top})
    return (
        (f"{near}\n" if near else "")
        + "If it is your own: import it at the top of a module, not inside a function, so that it is found when the "
        "bundle is made; or pass --root-dir with the folder that it is imported from; or take along every file with "
        "--copy-style all, or this one with include= of its environment. If it is a package: add it to the image, "
        f"e.g. image.with_pip_packages('{top}').\n"
        f"The code at {code} is:{listed}{more}\n"
        f"and sys.path is: {', '.join(sys.path)}"
    )


def _files(code: Path) -> Iterator[str]:
    seen = 0
    for folder, folders, names in os.walk(code):
        folders[:] = sorted(each for each in folders if each not in _NOT_CODE)
        for each in names:
            yield os.path.relpath(os.path.join(folder, each), code).replace(os.sep, "/")
            seen += 1
            if seen >= 5000:  # a working folder may be the root of the image
                return
