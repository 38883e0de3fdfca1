"""Asks a store what `flyte doctor` wants to know: whether something can be put there, read and taken away again."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from typing import Final

from flytectl_py.errors import FlyteError
from flytectl_py.plan.diagnosis import Finding
from flytectl_py.storage.api import StoreOptions
from flytectl_py.storage.registry import open_store

SECONDS: Final = 5.0


def store_finding(uri: str, options: StoreOptions) -> Finding:
    """Put a small object into a store, read it and take it away again."""
    check, key = f"store {uri}", f"flyte-doctor-{os.urandom(8).hex()}"
    data = key.encode()
    quick = replace(options, connect_timeout=SECONDS, stall_timeout=SECONDS, attempts=1, longest_wait=SECONDS)
    try:
        with open_store(uri, quick) as store:
            store.put(key, lambda: io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
            read = io.BytesIO()
            store.get(key, read)
            store.delete(key)
    except FlyteError as error:
        return Finding(check, "missing", error.message, error.hint or "see docs/data.md for how stores are reached")
    if read.getvalue() != data:
        return Finding(check, "missing", "it gives back something else than was put there")
    return Finding(check, "ok", "it can be written to and read")
