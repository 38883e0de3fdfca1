"""Golden files: what was right once, kept under tests/golden/ and compared from then on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "golden"
UPDATE = "UPDATE_GOLDEN"


class Golden:
    """Compares with files in one folder, or writes them where ``UPDATE_GOLDEN=1`` is set (``make golden``)."""

    def __init__(self, folder: Path = FOLDER, *, update: bool | None = None) -> None:
        self.folder = folder
        self.update = os.environ.get(UPDATE) == "1" if update is None else update

    def text(self, name: str, actual: str) -> None:
        """Compare `actual` with the file `name`.

        :raises AssertionError: they differ, or there is no such file.
        """
        file = self.folder / name
        if self.update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual, encoding="utf-8", newline="")
            return
        assert file.is_file(), f"no golden file {file}; read what it would hold, then `make golden`:\n{actual}"
        expected = file.read_bytes().decode()
        assert actual == expected, f"differs from {file}; if the new text is right: `make golden`"

    def json(self, name: str, actual: Any) -> None:
        """Compare `actual`, written as sorted and indented JSON, with the file `name`."""
        self.text(name, json.dumps(actual, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
