"""The cache of local runs: an action's outputs are looked up before it runs, and kept once it has succeeded."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from flytectl_py.cache_store.entries import CacheStore, UnreadableEntryError
from flytectl_py.cache_store.locks import KeyLocks
from flytectl_py.engines.api import Note, RunOptions
from flytectl_py.engines.cache_history import CacheHistory
from flytectl_py.engines.cache_inputs import UncountableInputError, all_plain, inputs_digest
from flytectl_py.engines.cache_key import CallKey, Scope, entry_key
from flytectl_py.engines.cache_values import ChangedFileError, NotKeptError, kept, restored
from flytectl_py.engines.cache_version import task_version
from flytectl_py.errors import DeclarationError, FlyteError
from flytectl_py.model.task import Task
from flytectl_py.project.state import state_folder

R = TypeVar("R")
AnyTask = Task[..., Any]

_held: ContextVar[frozenset[str]] = ContextVar("flyte_cache_keys_held", default=frozenset())
"""The keys whose locks are held by the calls around this one: who waits for one of those waits for ever."""


_NOTHING: Final = object()


def cache_folder(root: Path) -> Path:
    """Return where the cache of the project with that root is."""
    return state_folder(root) / "cache"


def cache_of_run(options: RunOptions, note: Note) -> LocalCache:
    """Return the cache for a run with `options`; see `LocalCache` for when to make one and how to use it."""
    root = Path(options.root_dir)
    scope = Scope(options.project, options.domain, options.env_vars)
    return LocalCache(cache_folder(root), root, note, scope, overwrite=options.overwrite_cache)


class LocalCache:
    """The cache of one run; several runs, in any processes, share the entries below one folder.

    An engine calls it only for tasks whose cache is on (``task.settings.cache.behavior != "disable"``), where an action
    is about to run, once for all its attempts::

        value, hit = cache.call(task, args, kwargs, lambda: run_with_retries(…))
        value, hit = await cache.call_async(task, args, kwargs, lambda: run_with_retries_async(…))

    What the run raises passes through, and nothing is kept then. Whatever is wrong with the cache itself is a note,
    once for each task, and the action runs as if it had no cache; only a wrong declaration (an ignored input that the
    task does not have) is an error.

    :param folder: where entries are; ``cache`` in the project's state folder.
    :param root: the project's root; paths of images count from it.
    :param note: told, once for each task, what keeps it from being cached.
    :param overwrite: read nothing, write everything: ``--overwrite-cache``.
    """

    def __init__(self, folder: Path, root: Path, note: Note, scope: Scope, *, overwrite: bool = False) -> None:
        self._store = CacheStore(folder)
        self._locks = KeyLocks(folder / "locks")
        self._root = root
        self._folder = folder
        self._note = note
        self._scope = scope
        self._overwrite = overwrite
        self._versions: dict[tuple[object, ...], tuple[str | None, object]] = {}
        self._told: set[str] = set()

    def call(
        self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any], run: Callable[[], R]
    ) -> tuple[R, bool]:
        """Return the value of a call, and whether it came from the cache; `run` makes it where it did not.

        With ``Cache(serialize=True)`` a call with the same inputs, in any process, is waited for first.

        :raises DeclarationError: the cache of the task ignores an input that there is not.
        """
        key = self._key(task, args, kwargs)
        if key is None:
            return run(), False
        found = self._look(task, key)
        if found is not _NOTHING:
            return found, True
        if not self._is_serial(task, key):
            return self._kept(task, key, run()), False
        with contextlib.ExitStack() as stack:
            stack.enter_context(_holding(key.digest))
            try:
                stack.enter_context(self._locks.held(key.digest))
            except OSError as error:
                self._tell_unlocked(task, error)
            found = self._look(task, key)
            if found is not _NOTHING:
                return found, True
            return self._kept(task, key, run()), False

    async def call_async(
        self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any], run: Callable[[], Awaitable[R]]
    ) -> tuple[R, bool]:
        """Like `call`, for coroutines; waiting leaves the event loop to others."""
        if all_plain(args) and all_plain(kwargs.values()):
            key = self._key(task, args, kwargs)
        else:
            import asyncio

            key = await asyncio.to_thread(self._key, task, args, kwargs)  # It may have gigabytes of files to read.
        if key is None:
            return await run(), False
        found = self._look(task, key)
        if found is not _NOTHING:
            return found, True
        if not self._is_serial(task, key):
            return self._kept(task, key, await run()), False
        lock = await self._locked(task, key)
        try:
            with _holding(key.digest):
                found = self._look(task, key)
                if found is not _NOTHING:
                    return found, True
                return self._kept(task, key, await run()), False
        finally:
            if lock is not None:
                self._locks.release(key.digest, lock)

    def _is_serial(self, task: AnyTask, key: CallKey) -> bool:
        return task.settings.cache.serialize and key.digest not in _held.get()

    async def _locked(self, task: AnyTask, key: CallKey) -> int | None:
        import asyncio

        try:
            for pause in self._locks.pauses():
                lock = self._locks.try_acquire(key.digest)
                if lock is not None:
                    return lock
                await asyncio.sleep(pause)
        except OSError as error:
            self._tell_unlocked(task, error)
        return None

    # -- the key

    def _key(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> CallKey | None:
        """Return the key of a call, or None where it cannot be cached."""
        version = self._version(task)
        if version is None:
            return None
        try:
            inputs = inputs_digest(task, args, kwargs)
        except UncountableInputError as error:
            self._tell(task, f"is not cached: {error}")
            return None
        return CallKey(entry_key(task, version, inputs, self._scope), version)

    def _version(self, task: AnyTask) -> str | None:
        """Return the version of a task, found once for a run; None where there is none, which is told."""
        # Of the same things an `override` of other settings is made; they are held, so that no other takes their id.
        things = (task.func, task.environment, task.settings.cache, task.settings.pod_template)
        key = (task.name, *map(id, things))
        if key not in self._versions:
            self._versions[key] = (self._found_version(task), things)
        return self._versions[key][0]

    def _found_version(self, task: AnyTask) -> str | None:
        try:
            version = task_version(task, self._root)
            if not isinstance(version, str) or not version:
                raise TypeError(f"a version is text, and a policy gave {version!r}")
            CacheHistory(self._folder).remember(task, version, self._root)
        except DeclarationError:
            raise
        except FlyteError as error:
            self._tell(task, f"is not cached: {error}")
        except Exception as error:  # noqa: BLE001  a policy of the user's own
            self._tell(task, f"is not cached: its version cannot be found: {type(error).__name__}: {error}")
        else:
            return version
        return None

    # -- entries

    def _look(self, task: AnyTask, key: CallKey) -> Any:
        """Return the value that is kept, or `_NOTHING`."""
        cache = task.settings.cache
        if self._overwrite or cache.behavior == "override":
            return _NOTHING
        try:
            entry = self._store.read(key.digest)
            if entry is None or _too_old(cache.max_age, entry.written):
                return _NOTHING
            return restored(task, entry.head, entry.payload)
        except ChangedFileError:
            return _NOTHING
        except (UnreadableEntryError, NotKeptError) as error:
            self._tell(task, f"runs again, an entry of its cache cannot be used: {error}")
            return _NOTHING

    def _kept(self, task: AnyTask, key: CallKey, value: R) -> R:
        """Keep what the task returned, and return it."""
        try:
            head, payload = kept(task, value)
            self._store.write(key.digest, {"task": task.name, "version": key.version, **head}, payload, time.time())
        except NotKeptError as error:
            self._tell(task, f"is not cached: {error}")
        except OSError as error:
            self._tell(task, f"is not cached: {error.strerror or error} ({self._folder})")
        return value

    def _tell_unlocked(self, task: AnyTask, error: OSError) -> None:
        self._tell(task, f"may run several times at once: its cache cannot be locked: {error.strerror or error}")

    def _tell(self, task: AnyTask, text: str) -> None:
        line = f"warning: {task.name} {text}"
        if line not in self._told:
            self._told.add(line)
            self._note(line)


@contextlib.contextmanager
def _holding(key: str) -> Iterator[None]:
    token = _held.set(_held.get() | {key})
    try:
        yield
    finally:
        _held.reset(token)


def _too_old(max_age: timedelta | int | None, written: float) -> bool:
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    return seconds is not None and time.time() - written > seconds
