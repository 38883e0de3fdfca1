"""The raw data of an action: local files, folders, tables and pickles go below one folder of a store."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from flytectl_py.errors import UsageError
from flytectl_py.runtime.places import Places
from flytectl_py.wire.offload import Uploaded

_PART = "00000"
"""Name of the one file of a table below its URI."""


class RawData:
    """What `wire.offload.Offload` asks for, below `folder`. Names come from content."""

    def __init__(self, places: Places, folder: str) -> None:
        self._places = places
        self._folder = folder

    def put_bytes(self, data: bytes, name: str) -> Uploaded:
        digest = hashlib.sha256(data).hexdigest()
        uri = f"{self._folder}/{digest[:32]}/{name or 'data'}"
        self._places.write(uri, data)
        return Uploaded(uri, digest)

    def put_file(self, path: str) -> Uploaded:
        file = _local(path)
        if not file.is_file():
            raise UsageError(
                f"there is no file {path} to upload", hint="write it before the task returns it", where=path
            )
        digest = _digest_of(file)
        uri = f"{self._folder}/{digest[:32]}/{file.name}"
        self._places.upload(uri, file)
        return Uploaded(uri, digest)

    def put_folder(self, path: str) -> Uploaded:
        folder = _local(path)
        if not folder.is_dir():
            raise UsageError(
                f"there is no folder {path} to upload", hint="write it before the task returns it", where=path
            )
        files = sorted(Path(base, name) for base, _, names in os.walk(folder) for name in names)
        whole = hashlib.sha256()
        for file in files:
            whole.update(
                f"{file.relative_to(folder).as_posix()}\0{_digest_of(file)}\n".encode("utf-8", "surrogateescape")
            )
        digest = whole.hexdigest()
        uri = f"{self._folder}/{digest[:32]}/{folder.name}"
        for file in files:
            self._places.upload(f"{uri}/{file.relative_to(folder).as_posix()}", file)
        return Uploaded(uri, digest)

    def put_frame(self, frame: Any, format: str) -> Uploaded:  # noqa: A002  # the protocol's name for it
        _check_format(format)
        with tempfile.TemporaryDirectory(prefix="flyte-table-") as folder:
            file = Path(folder, _PART)
            _write_parquet(frame, file)
            digest = _digest_of(file)
            uri = f"{self._folder}/{digest[:32]}"
            self._places.upload(f"{uri}/{_PART}", file)
        return Uploaded(uri, digest)

    def get_bytes(self, uri: str) -> bytes:
        return self._places.read(uri)

    def get_frame(self, uri: str, format: str, kind: type) -> Any:  # noqa: A002  # the protocol's name for it
        _check_format(format)
        from io import BytesIO

        files = self._places.below(uri)
        if not files:
            raise UsageError(f"there is no table at {uri}", where=uri)
        tables = [_read_parquet(BytesIO(self._places.read(each))) for each in files]
        import pyarrow as pa

        return _as_kind(tables[0] if len(tables) == 1 else pa.concat_tables(tables), kind)


def _local(path: str) -> Path:
    from flytectl_py.runtime.places import local_path

    return local_path(path) or Path(path)


def _digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, hashlib.sha256).hexdigest()


def _check_format(name: str) -> None:
    if name not in {"parquet", ""}:
        raise UsageError(f"tables of the format '{name}' are not known", hint="use parquet")


def _write_parquet(frame: Any, file: Path) -> None:
    module = type(frame).__module__.partition(".")[0]
    if module == "pandas":
        frame.to_parquet(file)
    elif module == "polars":
        frame.write_parquet(file)
    elif module == "pyarrow":
        import pyarrow.parquet as pq

        pq.write_table(frame, file)
    else:
        raise UsageError(
            f"a {type(frame).__qualname__} cannot be written as a table",
            hint="return a table of pandas, polars or pyarrow",
        )


def _read_parquet(data: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(data)


def _as_kind(table: Any, kind: type) -> Any:
    module = kind.__module__.partition(".")[0]
    if module == "pandas":
        return table.to_pandas()
    if module == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table
