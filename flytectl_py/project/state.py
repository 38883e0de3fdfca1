"""Where this project keeps what it knows of a user's project: a folder that is never part of a bundle."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder(root: Path) -> Path:
    """Return where this project keeps what it knows of `root`; it is never part of a bundle."""
    return root / ".flyte" / "state"


def writable_state(root: Path) -> Path | None:
    """Return the state folder of `root`, made now, or None where nothing can be written."""
    folder = state_folder(root)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n")
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
