"""Settings as environment variables, for a process that is started with them."""

from __future__ import annotations

import shlex

from flytectl_py.config import checks
from flytectl_py.config.resolution import Settings
from flytectl_py.config.table import ROWS


def connection_variables(settings: Settings) -> dict[str, str]:
    """Return what leads to the control plane of `settings`, with the credentials, as `resolve` reads it."""
    found = {}
    for name, row in ROWS.items():
        value = getattr(settings, name)
        leads_there = row.part.startswith("platform.") or name in ("api_key", "headless")
        if leads_there and row.variable and value is not None and value != Settings._field_defaults[name]:
            found[row.variable] = _text(row.check, value)
    return found


def _text(check: object, value: object) -> str:
    if isinstance(value, tuple):
        return shlex.join(value) if check is checks.words else ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
