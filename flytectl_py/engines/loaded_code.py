"""The user's files that are loaded when a run begins, as the rows of a bundle's manifest."""

from __future__ import annotations

import json
import os
import stat
from types import ModuleType
from typing import Any

from flytectl_py.project.first_party import FirstParty, own_files
from flytectl_py.project.snapshot import loaded_before_runs

_RACY_NS = 2 * 10**9
"""A file that was written this shortly before it was read may have changed since, at the same time by its clock."""


def loaded_code(root: str, known_in: str = "") -> list[list[Any]]:
    """Return path, executable, size and SHA-256 of each of the user's files below `root` that is loaded.

    Together they are what a run with the copy style ``loaded_modules`` sends, where nothing is included besides.

    :param known_in: a file that remembers them, so that only what has changed is read; an empty text is none.
    """
    inside = os.path.join(root, "")
    known = _read(known_in) if known_in else {}
    seen = dict(known)
    found = []
    modules = [each for each in loaded_before_runs().values() if _file_of(each).startswith(inside)]
    for file in own_files(modules, FirstParty(root)):
        try:
            stamp, sha256 = _sha256(file, known.get(file))
        except OSError:
            continue  # It has gone since it was loaded.
        seen[file] = [*stamp, sha256]
        path = file.removeprefix(inside).replace(os.sep, "/")
        found.append([path, bool(stamp[0] & stat.S_IXUSR), stamp[1], sha256])
    if known_in and seen != known:
        _write(known_in, seen)
    return found


def _file_of(module: ModuleType | None) -> str:
    try:
        file = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return ""
    return file if isinstance(file, str) else ""


def _sha256(file: str, known: list[Any] | None) -> tuple[list[int], str]:
    found = os.stat(file)
    stamp = [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    if isinstance(known, list) and known[:-1] == stamp:
        return stamp, known[-1]
    import hashlib
    import time

    with open(file, "rb") as opened:
        sha256 = hashlib.sha256(opened.read()).hexdigest()
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < _RACY_NS:
        stamp[2] = 0  # Not to be believed next time.
    return stamp, sha256


def _read(file: str) -> dict[str, list[Any]]:
    try:
        with open(file, encoding="utf-8") as opened:
            read = json.load(opened)
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _write(file: str, seen: dict[str, list[Any]]) -> None:
    partial = f"{file}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        with open(partial, "w", encoding="utf-8") as opened:
            json.dump(seen, opened)
        os.replace(partial, file)
    except OSError:
        return  # It is read again next time.
