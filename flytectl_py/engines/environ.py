"""Environment variables for one task at a time: `os.environ` as each running task should see it.

`os.environ` belongs to the whole process, while tasks with different variables run at once. So its object is taught to
look first into the variables of the running task, found through a ContextVar. What such a task sets or deletes is its
own too, as it would be in a container. Code that reads the C environment instead (a child process started without
``env=``) sees the variables of the task that was entered last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

_Scope = Mapping[str, str | None]  # None hides a variable of the process.

_scope: ContextVar[_Scope] = ContextVar("flyte_task_variables", default=MappingProxyType({}))


class _ScopedEnviron(os._Environ):  # type: ignore[type-arg]  # generic in the stubs only
    """The process environment, under the variables of the running task, if it has any."""

    def __getitem__(self, key: str) -> str:
        scope = _scope.get()
        if key not in scope:
            return super().__getitem__(key)  # type: ignore[no-any-return]  # its base is untyped
        value = scope[key]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        scope = _scope.get()
        if not scope:
            super().__setitem__(key, value)
            return
        self.encodekey(key), self.encodevalue(value)  # They refuse what is not text.
        os.putenv(key, value)
        _scope.set({**scope, key: value})

    def __delitem__(self, key: str) -> None:
        scope = _scope.get()
        if not scope:
            super().__delitem__(key)
            return
        self[key]  # A variable that is not there raises KeyError.
        os.unsetenv(key)
        _scope.set({**scope, key: None})

    def __iter__(self) -> Iterator[str]:
        scope = _scope.get()
        yield from (key for key in super().__iter__() if key not in scope)
        yield from (key for key, value in scope.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"environ({dict(self)!r})"


@contextmanager
def scoped_environ(variables: Mapping[str, str]) -> Iterator[None]:
    """Show `variables` in `os.environ` to the code of the block and to what it starts, and to nobody else."""
    environ: Any = os.environ
    environ.__class__ = _ScopedEnviron
    token = _scope.set({**_scope.get(), **variables})
    for key, value in variables.items():
        os.putenv(key, value)
    try:
        yield
    finally:
        inside = _scope.get()
        _scope.reset(token)
        for key in inside:
            seen = environ.get(key)
            if seen is None:
                os.unsetenv(key)
            else:
                os.putenv(key, seen)
