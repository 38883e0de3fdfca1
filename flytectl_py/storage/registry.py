"""Which class stands for which scheme of a URI; a class is imported when its first store is opened."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError
from flytectl_py.storage.api import Store, StoreOptions

BUILT_IN = {
    "file": "flytectl_py.storage.local:LocalStore",
    "memory": "flytectl_py.storage.memory:MemoryStore",
    "s3": "flytectl_py.storage.s3:S3Store",
    "gs": "flytectl_py.storage.gcs:GCSStore",
    "gcs": "flytectl_py.storage.gcs:GCSStore",
    "az": "flytectl_py.storage.azure:AzureStore",
    "abfs": "flytectl_py.storage.azure:AzureStore",
    "abfss": "flytectl_py.storage.azure:AzureStore",
}

ENTRY_POINTS = "flytectl_py.storage"
"""Group under which other distributions register ``scheme = "module:Class"``; called as ``Class(uri, options)``."""


def is_uri(text: str) -> bool:
    """Whether `text` names a store by URI rather than by a plain path."""
    return "://" in text or text.startswith("file:")


def open_store(uri: str, options: StoreOptions | None = None) -> Store:
    """Return the store at `uri`: a path, or ``scheme://…``. Nothing is asked of a server yet.

    :raises UnknownNameError: no store has that scheme.
    :raises UsageError: the rest of the URI is wrong.
    :raises NotReadyError: the extra with the provider's library is not installed.
    """
    if not uri:
        raise UsageError("an empty address is no store", hint="give a folder, or a URI such as s3://bucket/prefix")
    scheme, target = class_for(uri)
    module, _, name = target.partition(":")
    try:
        store = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        if scheme in BUILT_IN:
            raise
        raise NotReadyError(
            f"the store for {scheme}:// cannot be loaded from {target}: {error}",
            hint="install or update the distribution that registers it",
            where=uri,
        ) from error
    return cast(Store, store(uri, options or StoreOptions()))


def class_for(uri: str, where: str = "") -> tuple[str, str]:
    """Return the scheme of a URI, or of a path, and which class stands for it: ``module:Class``.

    :param where: what to say that it stands at; else it is the URI.
    :raises UnknownNameError: no store has that scheme.
    """
    scheme = uri.partition(":")[0].lower() if is_uri(uri) else "file"
    target = BUILT_IN.get(scheme) or _of_others().get(scheme)
    if target is None:
        raise UnknownNameError("kind of store", scheme, schemes(), where=where or uri)
    return scheme, target


def schemes() -> tuple[str, ...]:
    """Return every scheme that can be opened, in order."""
    return tuple(sorted({*BUILT_IN, *_of_others()}))


def _of_others() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS) if point.name not in BUILT_IN}
