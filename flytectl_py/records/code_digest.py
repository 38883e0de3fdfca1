"""The digest of the code that a run had loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flytectl_py.digest.manifest import FileEntry, Manifest
from flytectl_py.errors import UsageError


def digest_of(files: Iterable[list[Any]]) -> str | None:
    """Return the digest of a bundle of `files`, rows of a manifest; None where they are none that could be one."""
    try:
        return Manifest(FileEntry(*each) for each in files).digest
    except UsageError:
        return None
