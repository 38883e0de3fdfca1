"""The functions of ``flyte.storage``: content by path or URI, without a File around it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Any

from flytectl_py.config import settings as config
from flytectl_py.data.providers import ABFS, GCS, S3, Storage
from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError
from flytectl_py.model.files import Dir, File, last_part
from flytectl_py.model.files import is_remote as _is_remote
from flytectl_py.model.world import the_data

CHUNK = 10 << 20
_PROVIDERS: tuple[type[Storage], ...] = (S3, GCS, ABFS)
_EXTRAS = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}


async def get(from_path: str, to_path: str | Path | None = None, recursive: bool = False, **kwargs: Any) -> str:
    """Fetch a file, or with `recursive` a folder, and return the local path that holds it.

    :param to_path: where to; without it, what is here already stays there, and the rest goes to a temporary folder.
    :raises NotReadyError: there is no such file or folder, or its store cannot be used.
    """
    _no_more(kwargs)
    if recursive:
        return await Dir(from_path).download(to_path)
    return await File(from_path).download(to_path)


async def put(from_path: str, to_path: str | None = None, recursive: bool = False, **kwargs: Any) -> str:
    """Send a local file, or with `recursive` a folder, and return where it is.

    :param to_path: a path or URI; without it, where the data of the running task goes.
    :raises UsageError: there is no such file or folder.
    :raises NotInTaskContextError: no place is given, and no task is running.
    """
    _no_more(kwargs)
    target = to_path or _place_like(from_path)
    kind: type[Dir[Any]] | type[File[Any]] = Dir if recursive else File
    return (await kind.from_local(from_path, target)).path


async def get_stream(path: str, chunk_size: int = CHUNK, **kwargs: Any) -> AsyncIterator[bytes]:
    """Yield the content of a file, `chunk_size` bytes at a time."""
    _no_more(kwargs)
    async with File(path).open("rb", block_size=chunk_size) as content:
        while piece := await content.read(chunk_size):
            yield piece


async def put_stream(
    data_iterable: AsyncIterable[bytes] | bytes, *, name: str | None = None, to_path: str | None = None, **kwargs: Any
) -> str:
    """Write bytes, given at once or one after the other, and return where they are.

    :param name: the last part of the path, where no `to_path` is given. :param to_path: a path or URI.
    :raises NotInTaskContextError: no place is given, and no task is running.
    """
    _no_more(kwargs)
    target = to_path or the_data().new_path(name)
    async with File(target).open("wb") as out:
        if isinstance(data_iterable, bytes | bytearray | memoryview):
            await out.write(data_iterable)
        else:
            async for piece in data_iterable:
                await out.write(piece)
    return target


def is_remote(path: Path | str) -> bool:
    """Whether `path` is a URI other than ``file://…``."""
    return _is_remote(os.fspath(path))


def join(*paths: str) -> str:
    """Return the parts of a path or URI as one: ``join("s3://bucket", "a", "b")``."""
    first, *rest = paths or ("",)
    return "/".join([first.rstrip("/") if rest else first, *(each.strip("/") for each in rest if each.strip("/"))])


def get_random_local_path(file_path_or_file_name: Path | str | None = None) -> Path:
    """Return a local path at which nothing is yet, in a new temporary folder.

    :param file_path_or_file_name: a path or URI whose name it has.
    """
    name = last_part(os.fspath(file_path_or_file_name)) if file_path_or_file_name else "file"
    return Path(tempfile.mkdtemp(prefix="flyte-"), name)


def get_random_local_directory() -> Path:
    """Return a new temporary folder."""
    return Path(tempfile.mkdtemp(prefix="flyte-"))


def get_configured_fsspec_kwargs(protocol: str | None = None, anonymous: bool = False) -> dict[str, Any]:
    """Return what fsspec's file system for `protocol` takes to reach the stores of ``init(storage=…)``."""
    settings = config.settings()
    said = None if settings is None else settings.storage
    of_provider = next((each for each in _PROVIDERS if protocol in each.schemes), None)
    if isinstance(said, Storage) and (of_provider is None or not said.schemes or protocol in said.schemes):
        found = said if of_provider is None or isinstance(said, of_provider) else of_provider.auto()
    else:
        found = Storage() if of_provider is None else of_provider.auto()
    return found.get_fsspec_kwargs(anonymous and of_provider is not None)


def get_underlying_filesystem(
    protocol: str | None = None, anonymous: bool = False, path: str | None = None, **kwargs: Any
) -> Any:
    """Return fsspec's file system for `protocol`, or for that of `path`: for what File and Dir do not offer.

    :raises NotReadyError: the library for it is not installed.
    :raises UnknownNameError: fsspec knows no such protocol.
    """
    scheme = protocol or (str(path).partition("://")[0].lower() if path and "://" in str(path) else "file")
    try:
        import fsspec

        return fsspec.filesystem(scheme, **{**get_configured_fsspec_kwargs(scheme, anonymous), **kwargs})
    except ImportError as error:
        extra = _EXTRAS.get(scheme, "s3")
        raise NotReadyError(
            f"a file system for {scheme}:// needs a library that is not installed: {error.name or error}",
            hint=f"pip install 'flytectl-py[{extra}]'",
        ) from error
    except ValueError as error:
        raise UnknownNameError("protocol", scheme, sorted(_EXTRAS)) from error


def _place_like(local: str) -> str:
    return the_data().new_path(last_part(os.path.abspath(local)))


def _no_more(kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise UsageError(
            f"no such option here: {', '.join(sorted(kwargs))}",
            hint="say how a store is reached with flyte.init(storage=flyte.storage.S3(…))",
        )
