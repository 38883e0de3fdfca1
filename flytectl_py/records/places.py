"""Where the records of a project lie in its state folder."""

from __future__ import annotations

from pathlib import Path

DATABASE = "runs.sqlite"
JOURNALS = "journals"
ANSWER = ".git"
"""What the name of a file begins after the journal's, in which git says what was changed when the run began."""


def records_folder(state: Path) -> Path:
    """Return the folder of the records of a project whose state folder is `state`."""
    return state / "records"


def journals_folder(state: Path) -> Path:
    """Return the folder of the journals that are not in the database yet, or not all of them."""
    return records_folder(state) / JOURNALS


def bundles_folder(state: Path) -> Path:
    """Return the folder of the code that was kept of runs, as archives of bundles."""
    return state / "bundles"


def unpacked_folder(state: Path) -> Path:
    """Return the folder in which bundles are unpacked to be run again, each in a folder of its digest."""
    return state / "code"


def database_file(state: Path) -> Path:
    """Return the database."""
    return records_folder(state) / DATABASE
