"""Files and folders among the inputs and outputs of a cached task: what is in them, and are they still there."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import Any

from flytectl_py.digest.framing import encode_record
from flytectl_py.model.files import Dir, File
from flytectl_py.model.world import the_data
from flytectl_py.values.files import local_path

_CHUNK = 1 << 20


def is_reference(value: object) -> bool:
    """Whether a value names data that is elsewhere: a file, a folder or a table."""
    return isinstance(value, File | Dir) or _is_table(value)


def content_of(value: Any) -> str:
    """Return what stands for the content of a file, a folder or a table.

    Its `hash`, where it has one. Else it is read, here or in its store: SHA-256 of its bytes; of a folder's files, by
    relative path; of a table in memory, pickled.

    :raises OSError, FlyteError: it cannot be read.
    """
    if value.hash:
        return f"hash {value.hash}"
    if _is_table(value):
        if value.uri is None or not value.written:
            import pickle

            return f"table {hashlib.sha256(pickle.dumps(value.val, protocol=4)).hexdigest()}"
        value = (Dir if the_data().holds(value.uri, folder=True) else File)(value.uri)
    if value.is_remote:
        return _remote_folder(value.path) if isinstance(value, Dir) else _streamed(the_data().opened(value, "rb", {}))
    path = local_path(value.path)
    return _folder(path) if os.path.isdir(path) else _file(path)


def _is_table(value: object) -> bool:
    tables = sys.modules.get("flytectl_py.model.tables")  # Who has a table has loaded it.
    return tables is not None and isinstance(value, tables.DataFrame)


def _streamed(file: Any) -> str:
    hasher = hashlib.sha256()
    with file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return f"sha256 {hasher.hexdigest()}"


def _remote_folder(top: str) -> str:
    hasher = hashlib.sha256()
    for path in sorted(the_data().files(top, deep=True, pattern="*", max_depth=None)):
        content = _streamed(the_data().opened(File(path), "rb", {}))
        relative = path.removeprefix(top.rstrip("/")).lstrip("/")
        hasher.update(encode_record("file", {"path": os.fsencode(relative), "content": content}))
    return f"files {hasher.hexdigest()}"


def _file(path: str) -> str:
    return _streamed(open(path, "rb", buffering=0))


def _folder(top: str) -> str:
    hasher = hashlib.sha256()
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, top).replace(os.sep, "/")
            hasher.update(encode_record("file", {"path": os.fsencode(relative), "content": _file(path)}))
    return f"files {hasher.hexdigest()}"


def state_of(path: str) -> list[int] | None:
    """Return what tells whether a local file or folder has changed: for each of its files size and time, summed up.

    None where there is nothing.
    """
    path = local_path(path)
    try:
        if not os.path.isdir(path):
            found = os.stat(path)
            return [1, found.st_size, found.st_mtime_ns]
        count, size, latest = 0, 0, 0
        for folder, _, files in os.walk(path):
            for name in files:
                found = os.stat(os.path.join(folder, name))
                count, size, latest = count + 1, size + found.st_size, max(latest, found.st_mtime_ns)
    except OSError:
        return None
    return [count, size, latest]


def is_unchanged(path: str, state: object) -> bool:
    """Whether `state_of` a path is still what it was."""
    return state_of(path) == state
