"""Builds that are under way, drawn on a terminal: one line for each image, and the last lines of its step."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from flytectl_py.cli.output import Output

TAIL = 3
"""Lines of a step's output that are shown while it runs."""


class _Build:
    """One image: the step it is at, since when, and the end of what that printed."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.step = "starting"
        self.tail: deque[str] = deque(maxlen=TAIL)

    def take(self, line: str) -> None:
        if line.startswith("  "):
            self.tail.append(line.strip())
        else:
            self.step = line
            self.tail.clear()


class BuildScreen:
    """Takes the lines of builds, which may come from several threads, and redraws itself some times a second.

    What is printed meanwhile stands above it. Nothing of it is left at the end.
    """

    def __init__(self) -> None:
        self._builds: dict[str, _Build] = {}
        self._live: Live | None = None

    def __enter__(self) -> BuildScreen:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, label: str, line: str) -> None:
        """Take one line of the build of the environment `label`."""
        self._builds.setdefault(label, _Build(time.monotonic())).take(line)
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=sys.stderr, highlight=False)
            self._live = Live(console=console, get_renderable=self.draw, transient=True, refresh_per_second=8)
            self._live.start()

    def draw(self) -> Group:
        """Return what is to be seen now."""
        from rich.console import Group
        from rich.text import Text

        now = time.monotonic()
        lines = []
        for label, build in list(self._builds.items()):
            head = Text(no_wrap=True, overflow="ellipsis")
            head.append(f"{now - build.began:6.1f} s  ", "dim")
            head.append(label, "bold")
            head.append(f"  {build.step}")
            tail = [Text(f"            {line}", "dim", no_wrap=True, overflow="ellipsis") for line in list(build.tail)]
            lines += [head, *tail]
        return Group(*lines)


class BuildLines:
    """Says the lines of builds one by one, where nothing can be drawn over; they may come from several threads."""

    def __init__(self, output: Output, *, several: bool) -> None:
        self._output = output
        self._several = several
        self._lock = threading.Lock()

    def __enter__(self) -> BuildLines:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to clear away."""

    def __call__(self, label: str, line: str) -> None:
        """Print one line of the build of the environment `label`, with its name where there are several."""
        with self._lock:
            self._output.note(f"{label}: {line}" if self._several else line)


def watch_builds(output: Output, *, several: bool) -> BuildScreen | BuildLines:
    """Return what takes the lines of builds: a screen on a terminal that a person watches, else plain lines."""
    return BuildScreen() if output.draws() else BuildLines(output, several=several)
