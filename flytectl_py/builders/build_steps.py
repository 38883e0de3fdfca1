"""The steps of one build, as the output of whoever builds tells of them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field

KEPT_LINES = 60
"""Lines of a step's output that an error shows at most."""

_FLAGS = re.compile(r"(?<=^RUN )(?:--\S+\s+)+")


@dataclass
class Step:
    """One step of the build: its place, such as ``2/5`` or ``linux/arm64 2/5``, and the end of its output."""

    title: str
    place: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    error: str = ""

    @property
    def headline(self) -> str:
        """What a person sees of it."""
        return f"[{self.place}] {short(self.title)}" if self.place else self.title


class BuildSteps(ABC):
    """Takes the lines of one build as they come.

    After the end, `failed` is the step that failed, `line` the line of the Dockerfile that it came from (0 where that
    is unknown), and `reason` the last word of whoever built.
    """

    def __init__(self) -> None:
        self.failed: Step | None = None
        self.line = 0
        self.reason = ""

    @abstractmethod
    def take(self, line: str) -> str | None:
        """Take one line; return what a person wants to see of it, None for what is the builder's own business."""


def short(instruction: str) -> str:
    """Return an instruction without its options: what is mounted for a step is not what it does."""
    return re.sub(r"\s+", " ", _FLAGS.sub("", instruction))
