"""Durations as users write them: a number of seconds or a timedelta."""

from __future__ import annotations

import math
from datetime import timedelta

from flytectl_py.errors import DeclarationError


def duration_of(parameter: str, value: object, least: float = 0) -> timedelta:
    """Return seconds or a timedelta as a timedelta.

    :param parameter: as the user writes it, for the error.
    :param least: the shortest that is allowed, in seconds.
    :raises DeclarationError: neither, or shorter than `least`.
    """
    allowed = f"give seconds or a timedelta, {least:g} s or more"
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            value = timedelta(seconds=value)
        except OverflowError as error:
            raise DeclarationError(parameter, value, allowed) from error
    if not isinstance(value, timedelta) or value < timedelta(seconds=least):
        raise DeclarationError(parameter, value, allowed)
    return value
