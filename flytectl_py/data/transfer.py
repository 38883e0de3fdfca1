"""Files and folders on their way: into stores and out of them, one file or a whole tree."""

from __future__ import annotations

import contextvars
import fnmatch
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from flytectl_py.data.places import Stores, local_path, writing_below
from flytectl_py.errors import UsageError
from flytectl_py.model.files import last_part
from flytectl_py.storage.api import ObjectMissingError, check_key

CHUNK = 1 << 20


def file_exists(stores: Stores, path: str) -> bool:
    """Whether there is a file at `path`."""
    local = local_path(path)
    if local is not None:
        return Path(local).is_file()
    place = stores.at(path)
    return bool(place.key) and place.store.head(place.key) is not None


def folder_exists(stores: Stores, path: str) -> bool:
    """Whether there is a folder at `path`, in a store one that holds a file."""
    local = local_path(path)
    if local is not None:
        return Path(local).is_dir()
    place = stores.at(path)
    return next(place.store.listed(place.key), None) is not None


def files_below(
    stores: Stores, path: str, *, deep: bool, pattern: str = "*", max_depth: int | None = None
) -> Iterator[str]:
    """Yield the paths of the files in a folder whose names match `pattern`, in the order of their paths."""
    if max_depth is not None and max_depth < 1:
        return
    one_level = not deep or max_depth == 1
    local = local_path(path)
    if local is not None:
        found = local_files(local, None if not one_level else 1)
        start = path.rstrip("/") or "/"
        names: Iterator[str] = (Path(name).relative_to(local).as_posix() for name in found)
    else:
        place = stores.at(path)
        start = f"{path.partition('://')[0]}://{path.partition('://')[2].rstrip('/')}"
        skipped = len(place.key) + 1 if place.key else 0
        names = (each.key[skipped:] for each in place.store.listed(place.key, deep=not one_level))
    for name in names:
        levels = name.count("/") + 1
        if (max_depth is None or levels <= max_depth) and fnmatch.fnmatchcase(last_part(name), pattern):
            yield f"{start.rstrip('/')}/{name}"


def local_files(folder: str, levels: int | None = None) -> Iterator[str]:
    """Yield the paths of the files below a local folder, in order; with `levels` 1 those directly in it."""
    for here, folders, names in os.walk(folder):
        if levels == 1:
            folders.clear()
        folders.sort()
        yield from sorted(os.path.join(here, name) for name in names)


def download_file(stores: Stores, path: str, to: str | None) -> str:
    """Return a local path with the content of the file at `path`; see `File.download_sync`."""
    local = local_path(path)
    if local is not None and to is None:
        return local
    target = _target(path, to)
    if local is not None:
        if not Path(local).is_file():
            raise ObjectMissingError(f"cannot download {path}: there is no such file", where=path)
        if not (target.exists() and target.samefile(local)):
            _arrives(target, lambda out: _copied(local, out))
        return str(target)
    place = stores.at(path)
    _arrives(target, lambda out: place.store.get(place.key, out))
    return str(target)


def download_dir(stores: Stores, path: str, to: str | None) -> str:
    """Return a local folder with the files of the folder at `path`; see `Dir.download_sync`."""
    local = local_path(path)
    if local is not None and to is None:
        return local
    target = Path(tempfile.mkdtemp(prefix="flyte-"), last_part(path)) if to is None else Path(to)
    if not folder_exists(stores, path):
        raise ObjectMissingError(f"cannot download {path}: there is no such folder, or nothing in it", where=path)
    with writing_below(target):
        target.mkdir(parents=True, exist_ok=True)
    paths = list(files_below(stores, path, deep=True))
    start = len(_folder(path))

    def fetch(each: str) -> None:
        download_file(stores, each, str(_inside(target, each[start:])))

    _all_of(fetch, paths, stores.at_once(path))
    return str(target)


def upload_file(stores: Stores, local: str, to: str, update: Callable[[bytes], object] | None) -> str:
    """Copy a local file to the path or URI `to`, and return it."""
    source = Path(local_path(local) or local)
    if not source.is_file():
        raise UsageError(f"{local} is no file", hint="give the path of a file that is here", where=local)
    there = local_path(to)
    if there is not None:
        target = Path(there)
        if not (target.exists() and target.samefile(source)):
            _arrives(target, lambda out: _copied(str(source), out))
        if update is not None:
            _read_through(source, update)
        return to
    place = stores.at(to)
    digest = hashlib.sha256()

    def take(piece: bytes) -> None:
        digest.update(piece)
        if update is not None:
            update(piece)

    size = _read_through(source, take)
    place.store.put(check_key(place.key), lambda: source.open("rb"), size=size, sha256=digest.hexdigest())
    return to


def upload_dir(stores: Stores, local: str, to: str) -> str:
    """Copy the files of a local folder to below the path or URI `to`, and return it."""
    source = local_path(local) or local
    if not Path(source).is_dir():
        raise UsageError(f"{local} is no folder", hint="give the path of a folder that is here", where=local)
    paths = list(local_files(source))
    if (there := local_path(to)) is not None:
        with writing_below(Path(there)):
            Path(there).mkdir(parents=True, exist_ok=True)

    def send(each: str) -> None:
        upload_file(stores, each, _folder(to) + Path(each).relative_to(source).as_posix(), None)

    _all_of(send, paths, stores.at_once(to))
    return to


def _folder(path: str) -> str:
    return f"{path.rstrip('/')}/"


def _target(path: str, to: str | None) -> Path:
    if to is None:
        return Path(tempfile.mkdtemp(prefix="flyte-"), last_part(path))
    return Path(to, last_part(path)) if to.endswith("/") or Path(to).is_dir() else Path(to)


def _inside(folder: Path, name: str) -> Path:
    """Return the path `name` below `folder`; a key in a store may hold what leads out of it."""
    if any(part in {"", ".", ".."} for part in name.split("/")):
        raise UsageError(f"{name!r} cannot be the name of a file", where=str(folder))
    return folder / name


def _arrives(target: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place and move it there when it is whole."""
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
    with writing_below(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        out = beside.open("xb")
    try:
        with out:
            fill(out)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _copied(source: str, out: BinaryIO) -> None:
    with open(source, "rb") as stream:
        shutil.copyfileobj(stream, out, CHUNK)


def _read_through(source: Path, take: Callable[[bytes], object]) -> int:
    size = 0
    with source.open("rb") as stream:
        while piece := stream.read(CHUNK):
            take(piece)
            size += len(piece)
    return size


def _all_of(work: Callable[[str], None], paths: list[str], at_once: int) -> None:
    """Do `work` for each path, a few at once; the first failure ends it.

    On daemon threads: who is interrupted does not wait for what is under way.
    """
    waiting = deque(paths)
    failures: list[BaseException] = []

    def worker() -> None:
        try:
            while not failures and (path := _next(waiting)) is not None:
                work(path)
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            failures.append(error)

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(worker,), name="flyte-data", daemon=True)
        for _ in range(min(at_once, len(paths)))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        waiting.clear()
    if failures:
        raise failures[0]


def _next(waiting: deque[str]) -> str | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None
