"""File and Dir: values that name a file or a folder, here or in a store, and what can be done with one."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from flytectl_py.errors import DeclarationError
from flytectl_py.model.world import the_data

T = TypeVar("T")
R = TypeVar("R")
Path = str | os.PathLike[str]

# RFC 3986 section 3.1, but at least two letters: C:\ is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_BATCH = 1000
"""Names that an async walk fetches at a time."""


class HashMethod(Protocol):
    """Hashes content as it passes by; the objects of `hashlib` will do as well."""

    def update(self, data: bytes, /) -> object:
        """Take the next bytes."""

    def result(self) -> str:
        """Return the hash of all bytes."""


@dataclass(frozen=True)
class _Named(Generic[T]):
    path: str
    name: str = None  # type: ignore[assignment]  # the last part of the path, see __post_init__
    format: str = ""
    hash: str | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        path: object = self.path  # whatever was passed
        given = os.fspath(path) if isinstance(path, os.PathLike) else path
        if not isinstance(given, str) or not given:
            raise DeclarationError(f"{type(self).__name__}(path)", self.path, "give a path or a URI")
        object.__setattr__(self, "path", given)
        named: object = self.name
        if named is None:
            object.__setattr__(self, "name", last_part(given))

    @classmethod
    def pre_init(cls, data: Any) -> Any:
        """Return the fields of a value in `data`, a dict, with the name filled in from the path."""
        if isinstance(data, dict) and data.get("name") is None and isinstance(data.get("path"), str):
            return {**data, "name": last_part(data["path"])}
        return data

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from flytectl_py.model.references import reference_schema

        def fields(value: _Named[Any]) -> dict[str, Any]:
            return {"path": value.path, "name": value.name, "format": value.format, "hash": value.hash}

        return reference_schema(cls, {"path": ..., "name": None, "format": "", "hash": None}, "path", fields)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        from flytectl_py.model.references import json_schema

        return json_schema("Dir" if issubclass(cls, Dir) else "File")

    @property
    def is_remote(self) -> bool:
        """Whether the path is a URI other than ``file://…``."""
        return is_remote(self.path)

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class File(_Named[T]):
    """A file, by path or URI: ``File("s3://bucket/x.csv")``. ``File[T]`` may say what is in it.

    `name` is the last part of the path unless given, `format` a word for whoever reads it. `hash` stands for the
    content where there is one, in cache keys for instance.

    :raises DeclarationError: the path is empty or not a path.
    """

    # A HashMethod; pydantic looks at the annotations of ``File[T]``, and knows no protocols.
    hash_method: Any = field(default=None, compare=False, repr=False, kw_only=True)

    def __getstate__(self) -> dict[str, Any]:
        # Objects of hashlib cannot be pickled, and have done their work.
        return {**self.__dict__, "hash_method": None}

    @classmethod
    def from_existing_remote(cls, remote_path: str, file_cache_key: str | None = None) -> File[T]:
        """Return the file at a URI; it is not looked at.

        :param file_cache_key: becomes its `hash`.
        """
        return cls(remote_path, hash=file_cache_key)

    @classmethod
    def new_remote(cls, file_name: str | None = None, hash_method: HashMethod | str | None = None) -> File[T]:
        """Return a file to be written, where the data of the running task goes.

        :param hash_method: hashes what will be written, which becomes `hash`; or a text, which is it.
        :raises NotInTaskContextError: outside a task, where that place is not known.
        """
        given, method = _hash_and_method(hash_method)
        return cls(the_data().new_path(file_name), hash=given, hash_method=method)

    @classmethod
    async def from_local(
        cls, local_path: Path, remote_destination: str | None = None, hash_method: HashMethod | str | None = None
    ) -> File[T]:
        """As `from_local_sync`, for async code."""
        return await the_data().aside(lambda: cls.from_local_sync(local_path, remote_destination, hash_method))

    @classmethod
    def from_local_sync(
        cls, local_path: Path, remote_destination: str | None = None, hash_method: HashMethod | str | None = None
    ) -> File[T]:
        """Return a local file as a value that other tasks can read: sent to where the data of the running task goes.

        Where that is this machine, or outside a task, the file stays where it is and nothing is copied; unless it lies
        in the folder for temporary files, where it may be gone when the task has ended.

        :param remote_destination: a URI or path to send it to instead.
        :param hash_method: hashes the content, which becomes `hash`; or a text, which is it.
        :raises UsageError: there is no such file.
        """
        given, method = _hash_and_method(hash_method)
        path = the_data().upload_file(os.fspath(local_path), remote_destination, method.update if method else None)
        return cls(path, name=last_part(os.fspath(local_path)), hash=result_of(method) if method else given)

    def open(
        self,
        mode: str = "rb",
        block_size: int | None = None,
        cache_type: str = "readahead",
        cache_options: dict[str, Any] | None = None,
        compression: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the content as a file object: ``file.open().read()``, or in ``with``.

        In ``async with file.open() as content`` its methods are awaitable: ``await content.read()``. What is written to
        a store appears when it is closed, whole, and not at all when the block raises.

        :param mode: as of the built-in `open`; files in a store are read (``r``), or written anew (``w``, ``x``).
        :param block_size: bytes that one request to a store fetches.
        :param cache_type: ``readahead``, or ``none`` to fetch just what is asked for.
        :param cache_options: none are known.
        :param compression: ``gzip``, ``bz2``, ``xz``, or ``infer`` from the path.
        :param kwargs: ``encoding``, ``errors`` and ``newline`` of text.
        :raises UsageError: a mode or an option that cannot be.
        :raises OSError: a local file cannot be opened.
        :raises NotReadyError: the store cannot be used, or has no such file.
        """
        options = {
            "block_size": block_size,
            "cache_type": cache_type,
            "cache_options": cache_options,
            "compression": compression,
            **kwargs,
        }
        return the_data().opened(self, mode, options)

    def open_sync(
        self,
        mode: str = "rb",
        block_size: int | None = None,
        cache_type: str = "readahead",
        cache_options: dict[str, Any] | None = None,
        compression: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `open`, for ``with``."""
        options = {
            "block_size": block_size,
            "cache_type": cache_type,
            "cache_options": cache_options,
            "compression": compression,
            **kwargs,
        }
        return the_data().opened(self, mode, options)

    async def exists(self) -> bool:
        """Whether there is such a file."""
        return await the_data().aside(self.exists_sync)

    def exists_sync(self) -> bool:
        """Whether there is such a file."""
        return the_data().holds(self.path, folder=False)

    async def download(self, local_path: Path | None = None) -> str:
        """As `download_sync`, for async code."""
        return await the_data().aside(lambda: self.download_sync(local_path))

    def download_sync(self, local_path: Path | None = None) -> str:
        """Return a local path that holds the content; that of a local file is the file itself unless a path is given.

        :param local_path: where to; a folder keeps the name. Without it, a new temporary folder.
        """
        return the_data().download_file(self.path, None if local_path is None else os.fspath(local_path))


@dataclass(frozen=True)
class Dir(_Named[T]):
    """A folder, by path or URI: ``Dir("data/")``. ``Dir[T]`` may say what is in its files.

    :raises DeclarationError: the path is empty or not a path.
    """

    @classmethod
    def from_existing_remote(cls, remote_path: str, dir_cache_key: str | None = None) -> Dir[T]:
        """Return the folder at a URI; it is not looked at.

        :param dir_cache_key: becomes its `hash`.
        """
        return cls(remote_path, hash=dir_cache_key)

    @classmethod
    def new_remote(cls, dir_name: str | None = None, hash: str | None = None) -> Dir[T]:  # noqa: A002  the API's
        """Return a folder to be filled, where the data of the running task goes.

        :raises NotInTaskContextError: outside a task, where that place is not known.
        """
        return cls(the_data().new_path(dir_name), hash=hash)

    @classmethod
    async def from_local(
        cls, local_path: Path, remote_path: str | None = None, dir_cache_key: str | None = None
    ) -> Dir[T]:
        """As `from_local_sync`, for async code."""
        return await the_data().aside(lambda: cls.from_local_sync(local_path, remote_path, dir_cache_key))

    @classmethod
    def from_local_sync(
        cls, local_path: Path, remote_path: str | None = None, dir_cache_key: str | None = None
    ) -> Dir[T]:
        """Return a local folder as a value that other tasks can read: sent to where the data of the running task goes.

        Where that is this machine, or outside a task, the folder stays where it is and nothing is copied; unless it
        lies in the one for temporary files, where it may be gone when the task has ended.

        :param remote_path: a URI or path to send it to instead.
        :param dir_cache_key: becomes its `hash`.
        :raises UsageError: there is no such folder.
        """
        path = the_data().upload_dir(os.fspath(local_path), remote_path)
        return cls(path, name=last_part(os.fspath(local_path)), hash=dir_cache_key)

    async def walk(self, recursive: bool = True, max_depth: int | None = None) -> AsyncIterator[File[T]]:
        """As `walk_sync`, for ``async for``."""
        from itertools import islice

        files = self.walk_sync(recursive, max_depth=max_depth)
        while batch := await the_data().aside(lambda: list(islice(files, _BATCH))):
            for file in batch:
                yield file

    def walk_sync(
        self, recursive: bool = True, file_pattern: str = "*", max_depth: int | None = None
    ) -> Iterator[File[T]]:
        """Yield the files in the folder, in the order of their paths; none where there is no such folder.

        :param recursive: also those in the folders in it. :param file_pattern: that their names match, as in a shell.
        :param max_depth: how many levels down; 1 is the folder itself.
        """
        for path in the_data().files(self.path, deep=recursive, pattern=file_pattern, max_depth=max_depth):
            yield File(path, format=self.format)

    async def list_files(self) -> list[File[T]]:
        """Return the files that are directly in the folder."""
        return await the_data().aside(self.list_files_sync)

    def list_files_sync(self) -> list[File[T]]:
        """Return the files that are directly in the folder."""
        return list(self.walk_sync(recursive=False))

    async def get_file(self, file_name: str) -> File[T] | None:
        """As `get_file_sync`, for async code."""
        return await the_data().aside(lambda: self.get_file_sync(file_name))

    def get_file_sync(self, file_name: str) -> File[T] | None:
        """Return the file of that name, or path below the folder, or None.

        :raises DeclarationError: the name leads out of the folder.
        """
        name = checked_below(file_name, "get_file(file_name)")
        file: File[T] = File(f"{self.path.rstrip('/')}/{name}", format=self.format)
        return file if file.exists_sync() else None

    async def exists(self) -> bool:
        """Whether there is such a folder; in a store, whether it holds a file."""
        return await the_data().aside(self.exists_sync)

    def exists_sync(self) -> bool:
        """Whether there is such a folder; in a store, whether it holds a file."""
        return the_data().holds(self.path, folder=True)

    async def download(self, local_path: Path | None = None) -> str:
        """As `download_sync`, for async code."""
        return await the_data().aside(lambda: self.download_sync(local_path))

    def download_sync(self, local_path: Path | None = None) -> str:
        """Return a local folder with the folder's files; a local one is itself unless a path is given.

        :param local_path: the folder to fill; without it, a new temporary one.
        """
        return the_data().download_dir(self.path, None if local_path is None else os.fspath(local_path))


def last_part(path: str) -> str:
    """Return the name at the end of a path or URI: ``x.csv`` of ``s3://bucket/x.csv``."""
    return re.split(r"[/\\]" if os.sep == "\\" else "/", path.rstrip("/"))[-1]


def checked_below(name: str, parameter: str) -> str:
    """Return `name`, a path below some folder.

    :param parameter: the parameter as the user writes it. :raises DeclarationError: the path leads out of the folder.
    """
    parts = re.split(r"[/\\]" if os.sep == "\\" else "/", name)
    if ".." in parts or os.path.isabs(name):
        raise DeclarationError(parameter, name, "give a name, or a path that stays in its folder")
    return name


def is_remote(path: str) -> bool:
    """Whether `path` is a URI other than ``file://…``."""
    scheme = _SCHEME.match(path)
    return scheme is not None and scheme[1].lower() != "file"


def result_of(method: HashMethod) -> str:
    """Return what a hash method came to."""
    finish: Callable[[], str] = getattr(method, "result", None) or method.hexdigest  # type: ignore[attr-defined]
    return finish()


def _hash_and_method(given: HashMethod | str | None) -> tuple[str | None, HashMethod | None]:
    if given is None or isinstance(given, str):
        return given, None
    if not hasattr(given, "update") or not (hasattr(given, "result") or hasattr(given, "hexdigest")):
        raise DeclarationError("hash_method", given, "give a text, or an object of hashlib: hashlib.sha256()")
    return None, given
