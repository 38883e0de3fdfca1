"""The names of settings and what they may be, for completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flytectl_py.config import checks
from flytectl_py.config.table import ROWS

_VALUES: Final[dict[Callable[[object], object], Sequence[str]]] = {
    checks.flag: ("true", "false"),
    checks.auth_type: checks.AUTH_TYPES,
    checks.image_builder: checks.IMAGE_BUILDERS,
}


def setting_names(current: str) -> list[str]:
    """Return the names of settings; where a dot is typed, as files have them: ``admin.endpoint``."""
    return [row.key for row in ROWS.values() if row.key] if "." in current else list(ROWS)


def setting_values(name: str) -> Sequence[str]:
    """Return what a setting may be, where that is a short list.

    :param name: its own, or its key in a file.
    """
    row = ROWS.get(name) or next((each for each in ROWS.values() if each.key == name), None)
    return _VALUES.get(row.check, ()) if row is not None else ()
