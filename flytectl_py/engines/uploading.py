"""Files on their way to a control plane's storage: signed by it, checked, sent in pieces, repeated where that helps."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.controlplane.uploads import Destination, upload_location
from flytectl_py.engines.threads import workers
from flytectl_py.errors import UsageError
from flytectl_py.storage.api import Progress, PutResult, Source
from flytectl_py.storage.signed_url import SignedUrl, SignedUrlStore, Wanted

R = TypeVar("R")


async def upload(
    plane: ControlPlane, content: Path | bytes, to: Destination, *, progress: Progress | None = None
) -> PutResult:
    """Put a file, or bytes, where the control plane keeps data; return its URI there.

    It is not sent where the other side says that it has just this content.

    :raises UsageError: there is no such file.
    :raises AlreadyExistsError: something else has that name there.
    :raises RemoteCallError, StoreUnavailableError: the control plane, or its storage, cannot be used now.
    """
    loop = asyncio.get_running_loop()
    source, size, sha256 = await _aside(partial(_measured, content))

    def sign(wanted: Wanted) -> SignedUrl:
        # The store works in a thread; calls belong to the loop that they were begun in.
        place = asyncio.run_coroutine_threadsafe(upload_location(plane, to, wanted.md5), loop).result()
        return SignedUrl(place.signed_url, dict(place.headers), place.native_url)

    key = f"{to.folder}/{to.filename}" if to.folder else to.filename
    store = SignedUrlStore(
        sign, address=plane.endpoint.url, trust=plane.channel.wire.trust(), proxy=plane.channel.wire.proxy
    )
    return await _aside(partial(store.put, key, source, size=size, sha256=sha256, progress=progress))


async def _aside(function: Callable[[], R]) -> R:
    """Run `function` on a thread that nobody waits for when the upload is interrupted."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody wants to know any more
            loop.call_soon_threadsafe(done.set)

    call = workers.submit(function, tell)
    await done.wait()
    return call.result()


def _measured(content: Path | bytes) -> tuple[Source, int, str]:
    if isinstance(content, bytes):
        return partial(io.BytesIO, content), len(content), hashlib.sha256(content).hexdigest()

    def opened() -> io.BufferedReader:
        return content.open("rb")

    try:
        with opened() as file:
            digest = hashlib.file_digest(file, "sha256")
            return opened, file.tell(), digest.hexdigest()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"no such file: {content}", hint="check the path", where=str(content)) from error
