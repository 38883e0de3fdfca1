"""Files and folders among the inputs and outputs of a cached task: what is in them, and are they still there."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from flytectl_py.digest.framing import encode_record
from flytectl_py.errors import NotReadyError
from flytectl_py.model.files import Dir, File
from flytectl_py.values.files import local_path

_CHUNK = 1 << 20


def is_reference(value: object) -> bool:
    """Whether a value names a file or a folder."""
    return isinstance(value, File | Dir)


def content_of(value: Any) -> str:
    """Return what stands for the content of a file or folder.

    A local one is read: SHA-256 of its bytes, or of its files by relative path. A remote one stands by its address and
    by what its `hash` attribute says, where it has one.

    :raises OSError: it cannot be read.
    """
    declared = getattr(value, "hash", None)
    if value.is_remote:
        if isinstance(declared, str) and declared:
            return f"hash {declared}"
        raise NotReadyError(f"{value.path} is not on this machine, and it has no hash")
    path = local_path(value.path)
    return _folder(path) if os.path.isdir(path) else _file(path)


def _file(path: str) -> str:
    hasher = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return f"sha256 {hasher.hexdigest()}"


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
