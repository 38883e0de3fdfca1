"""Whether nobody sits here, as the variable CI says, which every service that builds sets."""

from __future__ import annotations

import os
from collections.abc import Mapping

_NOT_SET = frozenset({"", "0", "false", "no", "off"})


def in_ci(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether CI is set to anything but an empty text, ``0``, ``false``, ``no`` or ``off``.

    :param environ: instead of the environment of the process.
    """
    return (os.environ if environ is None else environ).get("CI", "").strip().lower() not in _NOT_SET
