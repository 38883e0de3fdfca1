"""The task of a notebook: one that lives in no module, but travels as a pickle of its own."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from typing import Any

from flytectl_py.engines.pickled import FILE_NAME, unpack_task
from flytectl_py.errors import BundleError
from flytectl_py.model.task import Task
from flytectl_py.runtime.places import Places

_GZIP = b"\x1f\x8b"


def load_packed(address: str, places: Places) -> Task[..., Any]:
    """Return the task that the object at `address` holds: packed by itself, or as the one file of a code bundle.

    :raises BundleError: it is damaged, something else, or was packed by another minor version of Python.
    """
    data = places.read(address)
    if data.startswith(_GZIP):
        data = _unpacked(data, address)
    return unpack_task(data, address)


def _unpacked(data: bytes, address: str) -> bytes:
    from flytectl_py.storage.limits import DEFAULT_LIMITS
    from flytectl_py.storage.tar_reader import TarReader

    try:
        plain = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise BundleError(f"the packed task is damaged: {error}", where=address) from error
    if not tarfile.is_tarfile(io.BytesIO(plain)):
        return plain
    for member, pieces in TarReader(io.BytesIO(data), DEFAULT_LIMITS, address).members():
        content = b"".join(pieces)
        if member.path == FILE_NAME:
            return content
    raise BundleError(f"the bundle holds no {FILE_NAME}", where=address)
