"""Where data is: a local path, or an object in a store that this process keeps open."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, cast
from urllib.parse import unquote

from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.model.files import is_remote
from flytectl_py.storage.api import Browsable, Store, StoreOptions


class DataStore(Store, Browsable, Protocol):
    """What this room asks of a store."""


class Object(NamedTuple):
    """An object, or with a key of several a folder of them. The key is empty for a whole bucket."""

    store: DataStore
    key: str
    uri: str


class Stores:
    """The stores that data is in, opened at first use and kept: one for each bucket and way to reach it.

    :param options: what the program says of the store with a given scheme.
    """

    def __init__(self, options: Callable[[str], StoreOptions]) -> None:
        self._options = options
        self._open: dict[tuple[str, StoreOptions, int], DataStore] = {}
        self._lock = threading.Lock()

    def at(self, uri: str) -> Object:
        """Return the object at `uri`; its store is not asked for it.

        :raises UsageError: no such URI can be. :raises UnknownNameError: no store has that scheme.
        """
        scheme, _, rest = uri.partition("://")
        container, _, key = rest.partition("/")
        if not container:
            raise UsageError(
                f"{uri} names no bucket", hint=f"write {scheme}://BUCKET/PATH, or a path of this machine", where=uri
            )
        return Object(self._store(scheme.lower(), container), key.strip("/"), uri)

    def at_once(self, path: str) -> int:
        """Return how many files of a folder at `path` to send or fetch at a time."""
        return self._options(path.partition("://")[0].lower()).files_at_once

    def _store(self, scheme: str, container: str) -> DataStore:
        options = self._options(scheme)
        # A child made by fork has none of the threads that its parent's stores work with.
        name = (f"{scheme}://{container}", options, os.getpid())
        with self._lock:
            found = self._open.get(name)
            if found is None:
                from flytectl_py.storage.registry import open_store

                opened = open_store(name[0], options)
                if not isinstance(opened, Browsable):
                    raise UsageError(
                        f"the store for {scheme}:// holds no files: it can neither be read in parts nor listed",
                        hint="it needs the methods of flytectl_py.storage.api.Browsable",
                        where=name[0],
                    )
                if not self._open:
                    atexit.register(self.close)
                found = self._open[name] = cast(DataStore, opened)
            return found

    def close(self) -> None:
        """Close all stores; the next use opens them anew."""
        with self._lock:
            opened, self._open = self._open, {}
        for store in opened.values():
            store.close()


@contextmanager
def writing_below(folder: Path) -> Iterator[None]:
    """Say of a folder for data that it cannot be made, or that nothing can be written there.

    :raises NotReadyError: so it is.
    """
    try:
        yield
    except OSError as error:
        raise NotReadyError(
            f"cannot write to {folder}: {error.strerror}",
            hint="name a place that can be written; --raw-data-path says where the data of a run goes",
            where=str(folder),
        ) from None


def local_path(path: str) -> str | None:
    """Return `path` as the operating system takes it, or None where it is in a store.

    ``file://`` URIs are those of RFC 8089.
    """
    if is_remote(path):
        return None
    if path[:5].lower() == "file:":
        rest = path[5:]
        if rest.startswith("//"):
            rest = rest[2:].removeprefix("localhost")
        return unquote(rest)
    return os.path.expanduser(path)
