"""Environment variables for one task at a time: `os.environ` as each running task should see it.

`os.environ` belongs to the whole process while tasks with different variables run at once. So its object is taught to
look first into the variables of the running task, found through a ContextVar. Code that reads the C environment
instead (a child process started with ``env=None``) sees the task that was entered last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_variables: ContextVar[Mapping[str, str]] = ContextVar("flyte_task_variables", default={})


class _ScopedEnviron(os._Environ):  # type: ignore[type-arg]  # generic in the stubs only
    """The process environment, under the running task's variables. Writing and deleting stay within the task's own."""

    def __getitem__(self, key: str) -> str:
        scope = _variables.get()
        return scope[key] if key in scope else super().__getitem__(key)

    def __setitem__(self, key: str, value: str) -> None:
        scope = _variables.get()
        if key in scope:
            self.encodevalue(value)
            _variables.set({**scope, key: value})
            os.putenv(key, value)
        else:
            super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        scope = _variables.get()
        if key in scope:
            _variables.set({name: value for name, value in scope.items() if name != key})
            os.unsetenv(key)
            self._data.pop(self.encodekey(key), None)
        else:
            super().__delitem__(key)

    def __iter__(self) -> Iterator[str]:
        scope = _variables.get()
        yield from (key for key in super().__iter__() if key not in scope)
        yield from scope

    def __len__(self) -> int:
        return sum(1 for _ in self)


@contextmanager
def scoped_environ(variables: Mapping[str, str]) -> Iterator[None]:
    """Show `variables` in `os.environ` to the code of the block and to what it starts, and to nobody else."""
    os.environ.__class__ = _ScopedEnviron
    outer = _variables.get()
    token = _variables.set({**outer, **variables})
    for key, value in variables.items():
        os.putenv(key, value)
    try:
        yield
    finally:
        _variables.reset(token)
        for key in variables:
            seen = os.environ.get(key)
            if seen is None:
                os.unsetenv(key)
            else:
                os.putenv(key, seen)
