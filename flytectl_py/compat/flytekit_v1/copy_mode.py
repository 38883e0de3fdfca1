"""Which files a Flyte 1 project copies."""

from __future__ import annotations

from enum import Enum


class CopyFileDetection(Enum):
    """The values are flytekit's; they enter the tags of images."""

    LOADED_MODULES = 1
    ALL = 2
    NO_COPY = 3
