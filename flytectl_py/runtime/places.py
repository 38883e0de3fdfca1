"""Reading and writing objects by their full address, in any store, with patience for one that is away for a while."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flytectl_py.errors import FlyteError, NotReadyError

if TYPE_CHECKING:
    from flytectl_py.storage.api import Store

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a store may be away: a deployment restarts its object store in less."""
_LONGEST_WAIT = 5.0

_S3_VARIABLES = {
    "endpoint": "FLYTE_AWS_ENDPOINT",
    "key": "FLYTE_AWS_ACCESS_KEY_ID",
    "secret": "FLYTE_AWS_SECRET_ACCESS_KEY",
}
"""What clusters with a store of their own set in their containers, besides what the provider's library reads."""


class Places:
    """Objects by address: a path, ``file://…``, or the URI of any store. Safe to use from several threads.

    Each method raises ObjectMissingError, StoreUnavailableError, NotReadyError (a disk) or UsageError (an address).
    """

    def __init__(self, environ: Mapping[str, str], patience: float = PATIENCE_SECONDS) -> None:
        self._environ = environ
        self._patience = patience
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()

    def read(self, address: str) -> bytes:
        """Return the content of an object."""
        local = local_path(address)
        if local is not None:
            return _read_file(local)
        from io import BytesIO

        store, key = self._locate(address)

        def get() -> bytes:
            out = BytesIO()
            store.get(key, out)
            return out.getvalue()

        return self._patiently(get)

    def find(self, address: str) -> bytes | None:
        """Return the content of an object, or None where there is none."""
        from flytectl_py.storage.api import ObjectMissingError

        try:
            return self.read(address)
        except ObjectMissingError:
            return None

    def download(self, address: str, to: Path) -> None:
        """Write the content of an object of a store to a file, as it arrives."""
        store, key = self._locate(address)

        def get() -> None:
            with _disk(to), to.open("wb") as out:
                store.get(key, out)

        self._patiently(get)

    def write(self, address: str, data: bytes) -> None:
        """Store an object, whole or not at all."""
        local = local_path(address)
        if local is not None:
            _write_file(local, data)
            return
        import hashlib
        from io import BytesIO

        store, key = self._locate(address)
        digest = hashlib.sha256(data).hexdigest()
        self._patiently(lambda: store.put(key, lambda: BytesIO(data), size=len(data), sha256=digest))

    def upload(self, address: str, path: Path) -> None:
        """Store a file of this machine as an object."""
        import hashlib

        local = local_path(address)
        if local is not None:
            import shutil

            with _disk(local):
                local.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, local)
            return
        store, key = self._locate(address)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, hashlib.sha256).hexdigest()
        size = path.stat().st_size
        self._patiently(lambda: store.put(key, lambda: path.open("rb"), size=size, sha256=digest))

    def below(self, address: str) -> list[str]:
        """Return the addresses of all objects below a folder, in order; of an object, its own."""
        local = local_path(address)
        if local is not None:
            if local.is_file():
                return [str(local)]
            return sorted(str(each) for each in local.rglob("*") if each.is_file())
        store, key = self._locate(address)
        files = getattr(store, "fs", None)
        if files is None:
            return [address]
        scheme = address.partition("://")[0]
        bucket = address.partition("://")[2].partition("/")[0]
        return sorted(f"{scheme}://{each}" for each in self._patiently(lambda: files.find(f"{bucket}/{key}")))

    def remove(self, address: str) -> None:
        """Remove an object. One that is not there is no error."""
        local = local_path(address)
        if local is not None:
            with _disk(local):
                if local.parent.is_dir():
                    local.unlink(missing_ok=True)
            return
        store, key = self._locate(address)
        store.delete(key)

    def close(self) -> None:
        """Give back connections."""
        with self._lock:
            stores, self._stores = self._stores, {}
        for store in stores.values():
            store.close()

    def _locate(self, address: str) -> tuple[Store, str]:
        """Return the store of the bucket, shared by all of its objects, and the object's name in there."""
        scheme, _, rest = address.partition("://")
        bucket, _, key = rest.partition("/")
        if not bucket or not key:
            from flytectl_py.errors import UsageError

            raise UsageError(f"{address} is not the address of an object", hint="write s3://BUCKET/KEY, or a path")
        root = f"{scheme}://{bucket}"
        with self._lock:
            store = self._stores.get(root)
            if store is None:
                from flytectl_py.storage.api import StoreOptions
                from flytectl_py.storage.registry import open_store

                given = {name: self._environ.get(variable) for name, variable in _S3_VARIABLES.items()}
                options = StoreOptions(**given) if scheme == "s3" else StoreOptions()  # type: ignore[arg-type]
                store = self._stores[root] = open_store(root, options)
        return store, key

    def _patiently(self, operation: Callable[[], T]) -> T:
        began = time.monotonic()
        wait = 0.5
        while True:
            try:
                return operation()
            except FlyteError as error:
                if not _may_come_back(error) or time.monotonic() - began + wait > self._patience:
                    raise
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)


def local_path(address: str) -> Path | None:
    """Return the path that an address of this machine's file system means, or None for any other store."""
    if address.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        return Path(unquote(urlsplit(address).path))
    return None if "://" in address else Path(os.path.expanduser(address))


def _may_come_back(error: FlyteError) -> bool:
    from flytectl_py.storage.fault import TRANSIENT, Fault, Kind

    fault = error.__cause__
    return isinstance(fault, Fault) and (fault.kind in TRANSIENT or fault.kind is Kind.UNRESOLVABLE)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        from flytectl_py.storage.api import ObjectMissingError

        raise ObjectMissingError(f"there is no file {path}", where=str(path)) from error
    except OSError as error:
        raise NotReadyError(f"cannot read {path}: {error.strerror}", where=str(path)) from error


def _write_file(path: Path, data: bytes) -> None:
    """Write beside the file, then rename: nobody sees half of it. A run does not outlive its machine: no fsync."""
    partial = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


class _disk:  # noqa: N801  # a context manager, written as a class because contextlib is one import more
    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise NotReadyError(
                f"cannot write {self.path}: {error.strerror or error}",
                hint="make room there, or give the task another place",
                where=str(self.path),
            ) from error
