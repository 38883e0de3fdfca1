"""What is too large for a message, or is a file here, on its way to the control plane's storage and back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination
from flytectl_py.engines.uploading import upload
from flytectl_py.errors import NotReadyError, UsageError
from flytectl_py.wire.offload import Uploaded
from flytectl_py.wire.run_request import Scope

if TYPE_CHECKING:
    from flytectl_py.model.tables import DataFrame

T = TypeVar("T")


class Planned:
    """Stands for the storage where nothing is sent: what would be uploaded is named by where it is now."""

    def __init__(self) -> None:
        self.used = False

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        """Name the bytes by their digest."""
        from flytectl_py.data.content import digest_of_bytes

        self.used = True
        digest = digest_of_bytes(data)
        return Uploaded(f"{digest}/{name}" if name else digest)

    def put_file(self, path: str) -> Uploaded:
        """Return the path."""
        from flytectl_py.data.content import digest_of_file, file_at

        self.used = True
        return Uploaded(path, digest_of_file(file_at(path)))

    def put_folder(self, path: str) -> Uploaded:
        """Return the path."""
        from flytectl_py.data.content import files_in

        self.used = True
        files_in(path)
        return Uploaded(path)

    def put_table(self, table: DataFrame) -> DataFrame:
        """Name the table by what it is, or by where it is."""
        from flytectl_py.data.content import keep_table
        from flytectl_py.data.tables import format_of
        from flytectl_py.model.tables import DataFrame

        self.used = True
        if table.written:
            return keep_table(table, self)
        spelling = format_of(table)
        return DataFrame(uri=f"{type(table.val).__name__}.{spelling}", format=spelling, hash=table.hash)

    def get_bytes(self, uri: str) -> bytes:
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
        from flytectl_py.data.content import digest_of_bytes

        digest = digest_of_bytes(data)
        return Uploaded(self._put(data, name or digest, digest if name else ""))

    def put_file(self, path: str) -> Uploaded:
        """Keep the file; its MD5 is its hash.

        :raises UsageError: there is no such file.
        """
        from flytectl_py.data.content import digest_of_file, file_at

        file = file_at(path)
        return Uploaded(self._put(file, file.name, ""), digest_of_file(file))

    def put_folder(self, path: str) -> Uploaded:
        """Keep every file of the folder under one URI, by its path in the folder.

        :raises UsageError: there is no such folder, or nothing in it.
        """
        from flytectl_py.data.content import digest_of_files, files_in

        files = files_in(path)
        if not files:
            raise UsageError(f"the folder {path} is empty, so there is nothing to upload", where=path)
        root = digest_of_files(files)
        uri = ""
        for name, file in files.items():
            uri = self._put(file, name, root).removesuffix(f"/{name}")
        return Uploaded(uri)

    def put_table(self, table: DataFrame) -> DataFrame:
        """Keep a table of pandas, polars or pyarrow as Parquet or CSV, or the files of one that is written here.

        :raises UsageError: another kind of table, or another format.
        """
        import tempfile

        from flytectl_py.data.content import keep_table
        from flytectl_py.model.tables import DataFrame

        if table.written:
            return keep_table(table, self)
        with tempfile.TemporaryDirectory(prefix="flyte-table-") as folder:
            # Not the caller's own, which would remember the temporary folder.
            here = DataFrame(table.val, format=table.format, hash=table.hash)
            return keep_table(here.saved(folder), self)

    def get_bytes(self, uri: str) -> bytes:
        """Return the object at `uri`, with this machine's own rights to it."""
        from flytectl_py.storage.registry import open_store

        place, _, key = uri.rpartition("/")
        content = io.BytesIO()
        with open_store(place) as store:
            store.get(key, content)
        return content.getvalue()

    def _put(self, content: Path | bytes, name: str, folder: str) -> str:
        scope = self._scope
        to = Destination(scope.org, scope.project, scope.domain, name, folder)
        return self._wait(lambda: upload(self._plane, content, to)).uri

    def _wait(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(start(), self._loop).result()
