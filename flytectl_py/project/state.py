"""Where this project keeps what it knows of a user's project: a folder that is never part of a bundle."""

from __future__ import annotations

import os
from pathlib import Path

_IGNORE = ".gitignore"


def state_folder(root: Path) -> Path:
    """Return where this project keeps what it knows of `root`; it is never part of a bundle."""
    return root / ".flyte" / "state"


def writable_state(root: Path) -> Path | None:
    """Return the state folder of `root`, made now, or None where nothing can be written."""
    folder = state_folder(root)
    try:
        if not _is_ignored(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _ignore(folder)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _is_ignored(folder: Path) -> bool:
    """Whether git is told to ignore `folder`: an empty file is what a full disk once left."""
    try:
        return (folder / _IGNORE).stat().st_size > 0
    except FileNotFoundError:
        return False


def _ignore(folder: Path) -> None:
    growing = folder / f"{_IGNORE}.{os.urandom(8).hex()}"
    try:
        growing.write_text("*\n")
        growing.replace(folder / _IGNORE)  # whole, or not at all
    finally:
        growing.unlink(missing_ok=True)
