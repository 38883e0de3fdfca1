"""The raw data of an action: local files, folders, tables and pickles go below one folder of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytectl_py.runtime.places import Places
from flytectl_py.wire.offload import Uploaded

if TYPE_CHECKING:
    from flytectl_py.model.tables import DataFrame


class RawData:
    """What `wire.offload.Offload` asks for, below `folder`. Names come from content, but for tables in memory.

    What a task has written there itself stays where it is.
    """

    def __init__(self, places: Places, folder: str) -> None:
        self._places = places
        self._folder = folder.rstrip("/")

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        from flytectl_py.data.content import digest_of_bytes

        digest = digest_of_bytes(data)
        uri = f"{self._folder}/{digest}/{name or 'data'}"
        self._places.write(uri, data)
        return Uploaded(uri, digest)

    def put_file(self, path: str) -> Uploaded:
        from flytectl_py.data.content import digest_of_file, file_at

        file = file_at(path)
        if self._holds(path):
            return Uploaded(path)
        digest = digest_of_file(file)
        uri = f"{self._folder}/{digest}/{file.name}"
        self._places.upload(uri, file)
        return Uploaded(uri, digest)

    def put_folder(self, path: str) -> Uploaded:
        from flytectl_py.data.content import digest_of_files, files_in
        from flytectl_py.model.files import last_part

        files = files_in(path)
        if self._holds(path):
            return Uploaded(path)
        uri = f"{self._folder}/{digest_of_files(files)}/{last_part(path)}"
        for name, file in files.items():
            self._places.upload(f"{uri}/{name}", file)
        return Uploaded(uri)

    def put_table(self, table: DataFrame) -> DataFrame:
        from flytectl_py.data.content import keep_table

        return keep_table(table, self) if table.written else table.saved(self._folder)

    def get_bytes(self, uri: str) -> bytes:
        return self._places.read(uri)

    def _holds(self, path: str) -> bool:
        return path.startswith(f"{self._folder}/")
