"""Finds the project whose records are meant, from the folder that a command is called in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from flytectl_py.errors import UsageError

_DEEP = 3
"""How many folders down records are looked for: the root of ``flyte run jobs/daily/app.py`` is ``jobs/daily``."""
_NOT_IN = frozenset({"node_modules", "__pycache__", "site-packages"})


def recorded_roots(folder: Path, upwards: Iterable[Path], records: str) -> list[Path]:
    """Return the roots of the projects that have records: the nearest at or above `folder`, else those below it.

    :param upwards: `folder` and those above it that may belong to the same project, nearest first.
    :param records: the path of the records in a root.
    """
    for each in upwards:
        if (each / records).is_dir():
            return [each]
    return sorted(_below(str(folder), records, _DEEP))


def the_one(roots: list[Path], folder: Path) -> Path | None:
    """Return the only one of `roots`, None if there is none.

    :raises UsageError: there are several.
    """
    if len(roots) > 1:
        listed = ", ".join(str(each.relative_to(folder)) for each in roots)
        raise UsageError(
            f"several projects below {folder} have records: {listed}",
            hint=f"pass --root-dir, e.g. --root-dir {roots[0].relative_to(folder)}",
            where="--root-dir",
        )
    return roots[0] if roots else None


def _below(folder: str, records: str, depth: int) -> list[Path]:
    found: list[Path] = []
    try:
        entries = [each for each in os.scandir(folder) if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    for each in entries:
        if each.name.startswith(".") or each.name in _NOT_IN:
            continue
        if os.path.isdir(os.path.join(each.path, records)):
            found.append(Path(each.path))
        elif depth > 1:
            found += _below(each.path, records, depth - 1)
    return found
