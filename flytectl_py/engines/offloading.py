"""What is too large for a message, or is a file here, on its way to the control plane's storage and back."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines.uploading import upload
from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.wire.offload import Uploaded
from flytectl_py.wire.run_request import Scope

T = TypeVar("T")

CHUNK = 1 << 20


class Planned:
    """Stands for the storage where nothing is sent: what would be uploaded is named by where it is now."""

    def __init__(self) -> None:
        self.used = False

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        """Name the bytes by their digest."""
        self.used = True
        return Uploaded(f"{_md5(data).hex()}/{name}" if name else _md5(data).hex())

    def put_file(self, path: str) -> Uploaded:
        """Return the path."""
        self.used = True
        return Uploaded(path, _md5_of_file(_checked(path, folder=False)).hex())

    def put_folder(self, path: str) -> Uploaded:
        """Return the path."""
        self.used = True
        _checked(path, folder=True)
        return Uploaded(path)

    def put_frame(self, frame: Any, spelling: str) -> Uploaded:
        """Name the table by what it is."""
        self.used = True
        return Uploaded(f"{type(frame).__name__}.{spelling or 'parquet'}")

    def get_bytes(self, uri: str) -> bytes:
        """Refuse: a plan reads no storage."""
        raise NotReadyError(f"{uri} is not read in a plan")

    def get_frame(self, uri: str, spelling: str, kind: type) -> Any:
        """Refuse: a plan reads no storage."""
        raise NotReadyError(f"{uri} is not read in a plan")


class Storage:
    """The storage of a control plane. Its methods block, so they are called in a thread beside the loop of the plane.

    Everything is named by its content, so what is sent twice is there once.
    """

    def __init__(self, plane: ControlPlane, scope: Scope, loop: asyncio.AbstractEventLoop) -> None:
        self._plane = plane
        self._scope = scope
        self._loop = loop

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        """Keep `data` under a name that ends in `name`."""
        digest = _md5(data).hex()
        return Uploaded(self._put(data, name or digest, digest if name else ""))

    def put_file(self, path: str) -> Uploaded:
        """Keep the file; its MD5 is its hash.

        :raises UsageError: there is no such file.
        """
        file = _checked(path, folder=False)
        return Uploaded(self._put(file, file.name, ""), _md5_of_file(file).hex())

    def put_folder(self, path: str) -> Uploaded:
        """Keep every file of the folder under one URI, by its path in the folder.

        :raises UsageError: there is no such folder, or nothing in it.
        """
        folder = _checked(path, folder=True)
        files = {each.relative_to(folder).as_posix(): each for each in _files_of(folder)}
        if not files:
            raise UsageError(f"the folder {path} is empty, so there is nothing to upload", where=path)
        digest = hashlib.md5(usedforsecurity=False)
        for name, file in files.items():
            digest.update(f"{len(name)}:{name}".encode() + _md5_of_file(file))
        root = digest.hexdigest()
        uri = ""
        for name, file in files.items():
            uri = self._put(file, name, root).removesuffix(f"/{name}")
        return Uploaded(uri)

    def put_frame(self, frame: Any, spelling: str) -> Uploaded:
        """Keep a table of pandas, polars or pyarrow as Parquet.

        :raises UsageError: another kind of table, or another format.
        """
        if spelling not in ("", "parquet"):
            raise UsageError(f"a table cannot be uploaded as {spelling!r}", hint="parquet is what travels")
        with tempfile.TemporaryDirectory(prefix="flyte-table-") as folder:
            file = os.path.join(folder, "00000")
            write = getattr(frame, "to_parquet", None) or getattr(frame, "write_parquet", None)
            if write is not None:
                write(file)
            elif type(frame).__module__.partition(".")[0] == "pyarrow":
                import pyarrow.parquet

                pyarrow.parquet.write_table(frame, file)
            else:
                raise UsageError(f"a {type(frame).__name__} is no table that can be uploaded")
            return self.put_folder(folder)

    def get_bytes(self, uri: str) -> bytes:
        """Return the object at `uri`, with this machine's own rights to it."""
        from flytectl_py.storage.registry import open_store

        place, _, key = uri.rpartition("/")
        content = io.BytesIO()
        with open_store(place) as store:
            store.get(key, content)
        return content.getvalue()

    def get_frame(self, uri: str, spelling: str, kind: type) -> Any:
        """Return the table at `uri`, Parquet, as a `kind`."""
        name = uri if uri.endswith(".parquet") else f"{uri}/00000"
        content = io.BytesIO(self.get_bytes(name))
        library = kind.__module__.partition(".")[0]
        if library == "polars":
            import polars as pl

            return pl.read_parquet(content)
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(content)
        return table.to_pandas() if library == "pandas" else table

    def _put(self, content: Path | bytes, name: str, folder: str) -> str:
        scope = self._scope
        to = Destination(scope.org, scope.project, scope.domain, name, folder)
        return self._wait(lambda: upload(self._plane, content, to)).uri

    def _wait(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(start(), self._loop).result()


def _checked(path: str, *, folder: bool) -> Path:
    found = Path(path.removeprefix("file://"))
    if not (found.is_dir() if folder else found.is_file()):
        kind = "folder" if folder else "file"
        raise UsageError(f"there is no {kind} {found} to upload", hint="check the path", where=str(found))
    return found


def _files_of(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted, so that the same folder is sent the same way twice."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _md5_of_file(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).digest()
