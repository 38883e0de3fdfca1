"""How much this project writes to the log of the process: the logger ``flyte`` and those below it."""

from __future__ import annotations

import logging


def set_log_level(level: int) -> None:
    """Log what is of `level` or above; to stderr where the program has not said where its log goes."""
    logger = logging.getLogger("flyte")
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
