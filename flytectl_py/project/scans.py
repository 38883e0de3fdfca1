"""What was found in files before, by their hashes: imports and credentials; a hint that saves reading them again."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from flytectl_py.plan.imports import Import

_FORMAT = 1
_MOST_KEPT = 50_000


class Scans:
    """One file of findings by content. Missing or damaged it counts as empty; it is only ever replaced as a whole."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._imports: dict[str, list[list[Any]]] = {}
        self._credentials: dict[str, str] = {}
        self._used: set[str] = set()
        self._changed = False
        if file is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                read = json.loads(file.read_bytes())
                if read["format"] == _FORMAT:
                    self._imports, self._credentials = dict(read["imports"]), dict(read["credentials"])

    def imports(self, sha256: str) -> tuple[Import, ...] | None:
        """Return the imports of a file, or None where they are not known."""
        known = self._imports.get(sha256)
        self._used.add(sha256)
        return None if known is None else tuple(Import(m, tuple(n), lv, ln, w) for m, n, lv, ln, w in known)

    def remember_imports(self, sha256: str, found: tuple[Import, ...]) -> None:
        """Remember the imports of a file."""
        self._imports[sha256] = [list(each) for each in found]
        self._changed = True

    def credentials(self, sha256: str) -> str | None:
        """Return what a file was found to hold, empty for nothing, or None where that is not known."""
        self._used.add(sha256)
        return self._credentials.get(sha256)

    def remember_credentials(self, sha256: str, found: str) -> None:
        """Remember what a file holds."""
        self._credentials[sha256] = found
        self._changed = True

    def save(self) -> None:
        """Write the findings if there are new ones; where that cannot be, nothing is lost but time."""
        if not self._changed or self._file is None:
            return
        if len(self._imports) + len(self._credentials) > _MOST_KEPT:
            self._imports = {each: found for each, found in self._imports.items() if each in self._used}
            self._credentials = {each: found for each, found in self._credentials.items() if each in self._used}
        partial = self._file.with_name(f"{self._file.name}.{os.urandom(8).hex()}")
        content = {"format": _FORMAT, "imports": self._imports, "credentials": self._credentials}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(content, separators=(",", ":")))
            partial.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
