"""Environment variables for one task at a time: `os.environ` as each running task should see it.

`os.environ` belongs to the whole process, while tasks with different variables run at once. So its object is taught to
look first into the variables of the running task, found through a ContextVar. What such a task sets or deletes is its
own too, as it would be in a container. Child processes are started with what `os.environ` shows.

Where a ContextVar does not reach, the variables are those of the task that was entered last: in threads that the user's
code has started, and in code that reads the C environment (``os.system``, C libraries).
"""

from __future__ import annotations

import functools
import inspect
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from flytectl_py.model.dispatch import in_stray_thread

_Scope = Mapping[str, str | None]  # None hides a variable of the process.

_nothing: _Scope = MappingProxyType({})
_own_scope: ContextVar[_Scope | None] = ContextVar("flyte_task_variables", default=None)
_entered: list[_Scope] = []


def _scope() -> _Scope:
    own = _own_scope.get()
    if own is not None:
        return own
    return _entered[-1] if _entered and in_stray_thread() else _nothing


class _ScopedEnviron(os._Environ):  # type: ignore[type-arg]  # generic in the stubs only
    """The process environment, under the variables of the running task, if it has any."""

    def __getitem__(self, key: str) -> str:
        scope = _scope()
        if key not in scope:
            return super().__getitem__(key)  # type: ignore[no-any-return]  # its base is untyped
        value = scope[key]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        scope = _scope()
        if not scope:
            super().__setitem__(key, value)
            return
        self.encodekey(key), self.encodevalue(value)  # They refuse what is not text.
        os.putenv(key, value)
        _own_scope.set({**scope, key: value})

    def __delitem__(self, key: str) -> None:
        scope = _scope()
        if not scope:
            super().__delitem__(key)
            return
        self[key]  # A variable that is not there raises KeyError.
        os.unsetenv(key)
        _own_scope.set({**scope, key: None})

    def __iter__(self) -> Iterator[str]:
        scope = _scope()
        yield from (key for key in super().__iter__() if key not in scope)
        yield from (key for key, value in scope.items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"environ({dict(self)!r})"


def _install() -> None:
    """Teach `os.environ`, and `subprocess` to ask it: a child process inherits the C environment otherwise."""
    environ: Any = os.environ
    environ.__class__ = _ScopedEnviron
    start = subprocess.Popen.__init__

    @functools.wraps(start)
    def start_scoped(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(args) <= _ENV_POSITION and kwargs.get("env") is None and _scope():
            kwargs["env"] = dict(os.environ)
        start(self, *args, **kwargs)

    subprocess.Popen.__init__ = start_scoped  # type: ignore[method-assign]


_ENV_POSITION = list(inspect.signature(subprocess.Popen.__init__).parameters).index("env") - 1


@contextmanager
def scoped_environ(variables: Mapping[str, str]) -> Iterator[None]:
    """Show `variables` in `os.environ` to the code of the block and to what it starts, and to nobody else."""
    if not isinstance(os.environ, _ScopedEnviron):
        _install()
    scope = {**_scope(), **variables}
    token = _own_scope.set(scope)
    _entered.append(scope)
    for key, value in variables.items():
        os.putenv(key, value)
    try:
        yield
    finally:
        inside = _scope()
        _own_scope.reset(token)
        _entered.remove(scope)
        for key in inside:
            seen = os.environ.get(key)
            if seen is None:
                os.unsetenv(key)
            else:
                os.putenv(key, seen)
