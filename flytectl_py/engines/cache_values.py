"""The outputs of a task as the cache keeps them: pickled, with the classes that reading them may use."""

from __future__ import annotations

import dataclasses
import io
import pickle
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from flytectl_py.engines.cache_files import is_reference, is_unchanged, state_of
from flytectl_py.model.files import is_remote
from flytectl_py.model.task import Task

_REFERENCES = ("flytectl_py.model.files", "flytectl_py.model.tables")
_BUILT_IN_CONTAINERS = (list, tuple, set, frozenset)


class NotKeptError(Exception):
    """A value cannot be kept, or what was kept cannot be used any more; the message says why."""


class ChangedFileError(NotKeptError):
    """A local file that was returned has changed since or is gone, as happens when old runs are cleared away."""


def kept(task: Task[..., Any], value: Any) -> tuple[dict[str, Any], bytes]:
    """Return what `task` returned as a head and a payload for `restored`.

    The head says which classes and functions the payload needs, so that nothing else is imported when it is read: plain
    data needs none. Local files are not copied; the head says how they are.

    :raises NotKeptError: it cannot be pickled and read again.
    """
    try:
        payload = pickle.dumps(value, protocol=5)
        reader = _Reader(payload, None, {})
        back = reader.load()
    except Exception as error:  # a user's classes may raise anything
        raise NotKeptError(f"its output cannot be pickled: {type(error).__name__}: {error}") from error
    if type(back) is not type(value):
        raise NotKeptError(f"its output, a {type(value).__name__}, is a {type(back).__name__} once it was pickled")
    head: dict[str, Any] = {"needs": sorted(reader.used), "module": task.func.__module__}
    if any(module in _REFERENCES for module, _ in reader.used):
        head["files"] = {path: _there(path) for path in _local_paths(value)}
    return head, payload


def restored(task: Task[..., Any], head: Mapping[str, Any], payload: bytes) -> Any:
    """Return the value that `kept` was given.

    :raises ChangedFileError: see there. :raises NotKeptError: it cannot be read.
    """
    for path, state in head.get("files", {}).items():
        if not is_unchanged(path, state):
            raise ChangedFileError(f"{path} has changed or is gone")
    names = {head.get("module", ""): task.func.__module__}
    allowed = {(module, name) for module, name in head.get("needs", ())}
    try:
        return _Reader(payload, allowed, names).load()
    except Exception as error:  # a user's classes may raise anything
        raise NotKeptError(f"{type(error).__name__}: {error}") from error


class _Reader(pickle.Unpickler):
    """Notes the classes and functions that a pickle uses, or resolves only those that it may.

    :param allowed: None lets it use any.
    :param renamed: modules that go by another name in this process: a file that is run as a program is ``__main__``.
    """

    def __init__(self, payload: bytes, allowed: set[tuple[str, str]] | None, renamed: Mapping[str, str]) -> None:
        super().__init__(io.BytesIO(payload))
        self.used: set[tuple[str, str]] = set()
        self._allowed = allowed
        self._renamed = renamed

    def find_class(self, module: str, name: str) -> Any:
        self.used.add((module, name))
        if self._allowed is not None and (module, name) not in self._allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not among what it may use")
        here = self._renamed.get(module, module)
        return super().find_class(here if here in sys.modules else module, name)


def _there(path: str) -> Any:
    state = state_of(path)
    if state is None:
        raise NotKeptError(f"its output names {path}, which is not there")
    return state


def _local_paths(value: Any) -> Iterator[str]:
    """Yield the paths of all local files and folders that a value names."""
    if is_reference(value):
        path = getattr(value, "path", None) or getattr(value, "uri", None)
        if path and not is_remote(path):
            yield path
    elif isinstance(value, _BUILT_IN_CONTAINERS):
        for item in value:
            yield from _local_paths(item)
    elif isinstance(value, dict):
        for item in (*value, *value.values()):
            yield from _local_paths(item)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        for item in vars(value).values():
            yield from _local_paths(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):  # with __slots__
        for each in dataclasses.fields(value):
            yield from _local_paths(getattr(value, each.name, None))
