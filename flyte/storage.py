"""How stores are reached, ``flyte.init(storage=flyte.storage.S3(…))``, and content by path or URI."""

from __future__ import annotations

from flytectl_py.data.providers import ABFS, GCS, S3, Storage
from flytectl_py.data.store_verbs import (
    get,
    get_configured_fsspec_kwargs,
    get_random_local_directory,
    get_random_local_path,
    get_stream,
    get_underlying_filesystem,
    is_remote,
    join,
    put,
    put_stream,
)

__all__ = [
    "ABFS",
    "GCS",
    "S3",
    "Storage",
    "get",
    "get_configured_fsspec_kwargs",
    "get_random_local_directory",
    "get_random_local_path",
    "get_stream",
    "get_underlying_filesystem",
    "is_remote",
    "join",
    "put",
    "put_stream",
]
