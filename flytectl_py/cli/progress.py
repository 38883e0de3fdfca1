"""What a run is at, while it runs: drawn on a terminal, or told in lines where that was asked for."""

from __future__ import annotations

import builtins
import os
import shutil
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.cli.output import Output, to_stderr
from flytectl_py.engines.printed import draw_on

if TYPE_CHECKING:
    from flytectl_py.engines.actions import Action
    from flytectl_py.engines.api import Phase

QUIET_SECONDS = 0.5
"""A run that is over by then shows nothing."""
_DRAW_SECONDS = 0.1
_LINE_SECONDS = 1.0
_SHARE = 40
"""How much longer than drawing takes nothing is drawn, up to a second: the tasks have the processor."""
_MOST_ROWS = 10
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Row(NamedTuple):
    """How the calls of one task stand, in one group or outside any."""

    group: str
    task: str
    running: int
    done: int
    failed: int
    cached: int

    @property
    def name(self) -> str:
        return f"{self.group}: {self.task}" if self.group else self.task

    def counts(self) -> str:
        """Return the numbers that are not 0, in words."""
        said = {"running": self.running, "done": self.done, "failed": self.failed, "cached": self.cached}
        return ", ".join(f"{number} {what}" for what, number in said.items() if number)


class Tally:
    """Counts the actions of a run."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._lock = threading.Lock()

    def began(self, action: Action) -> None:
        """Count an action that begins."""
        with self._lock:
            self._counts.setdefault((action.group or "", action.name), [0, 0, 0, 0])[0] += 1

    def ended(self, action: Action) -> None:
        """Count an action that has ended."""
        with self._lock:
            counts = self._counts[action.group or "", action.name]
            counts[0] -= 1
            counts[3 if action.cache == "hit" else 1 if action.phase == "succeeded" else 2] += 1

    def rows(self) -> list[Row]:
        """Return the tasks in the order in which they were called first."""
        with self._lock:
            return [Row(*key, *counts) for key, counts in self._counts.items()]

    def total(self) -> Row:
        """Return all of them together."""
        rows = self.rows()
        return Row("", "", *(sum(column) for column in zip(*(row[2:] for row in rows), strict=True))) if rows else _NONE


_NONE = Row("", "", 0, 0, 0, 0)


class _Watching(ABC):
    """Tells from a thread of its own how a run stands, until it is over."""

    first_seconds = QUIET_SECONDS
    every_seconds = _DRAW_SECONDS

    def __init__(self) -> None:
        self.tally = Tally()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="flyte-progress", daemon=True)

    def run_began(self, name: str) -> None:
        del name
        self._thread.start()

    def began(self, action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        del args, kwargs
        self.tally.began(action)

    def attempt_failed(self, action: Action, error: tuple[str, str]) -> None:
        """Change nothing: the action goes on."""
        del action, error

    def ended(self, action: Action, value: Any) -> None:
        del value
        self.tally.ended(action)

    def run_ended(self, phase: Phase, seconds: float, error: tuple[str, str] | None) -> None:
        del phase, seconds, error
        self._over.set()
        self.hide()

    def _watch(self) -> None:
        if self._over.wait(self.first_seconds):
            return
        while True:
            began = time.thread_time()
            self.show()
            spent = (time.thread_time() - began) * _SHARE
            if self._over.wait(max(self.every_seconds, min(spent, _LINE_SECONDS))):
                return

    @abstractmethod
    def show(self) -> None:
        """Show how it stands now."""

    @abstractmethod
    def hide(self) -> None:
        """Take away what is shown."""


class Lines(_Watching):
    """Tells it in lines on stderr, when something has changed."""

    first_seconds = _LINE_SECONDS
    every_seconds = _LINE_SECONDS
    _last = ""

    def show(self) -> None:
        said = self.tally.total().counts()
        if said != self._last:
            self._last = said
            to_stderr(f"flyte: {said}")

    def hide(self) -> None:
        """Leave the lines where they are."""


class Drawing(_Watching):
    """Draws a few lines at the bottom of the terminal that stderr is; what is printed meanwhile scrolls by above."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._height = 0
        self._at_line_start = True
        self._ended = False
        self._frame = 0
        self._asking = 0
        self._input = builtins.input

    def run_began(self, name: str) -> None:
        draw_on(self)
        self._input, builtins.input = builtins.input, self._ask
        super().run_began(name)

    def __enter__(self) -> Drawing:
        self._lock.acquire()
        self._erase()
        return self

    def __exit__(self, *exc: object) -> None:
        self._lock.release()

    def wrote(self, text: str) -> None:
        """Remember whether the cursor is at the beginning of a line."""
        if text:
            self._at_line_start = text.endswith("\n")

    def show(self) -> None:
        lines = self._lines()
        with self._lock:
            if self._ended or self._asking or not self._at_line_start:
                return
            up = f"\x1b[{self._height}F" if self._height else ""
            _write(f"{up}\x1b[J" + "".join(f"{line}\n" for line in lines))
            self._height = len(lines)

    def hide(self) -> None:
        with self._lock:
            self._erase()
            self._ended = True
        draw_on(None)
        if builtins.input == self._ask:
            builtins.input = self._input

    def _ask(self, prompt: object = "", /) -> str:
        """Stand still while somebody is asked something, as by a debugger: Python writes that prompt by itself."""
        with self:
            self._asking += 1
        try:
            return self._input(prompt)
        finally:
            with self._lock:
                self._asking -= 1
                self._at_line_start = True

    def _erase(self) -> None:
        if self._height:
            _write(f"\x1b[{self._height}F\x1b[J")
            self._height = 0

    def _lines(self) -> list[str]:
        from io import StringIO

        from rich.console import Console
        from rich.table import Table

        self._frame += 1
        size = shutil.get_terminal_size()
        rows = self.tally.rows()
        most = max(1, min(_MOST_ROWS, size.lines - 3))
        shown = sorted(rows, key=lambda row: (row.running == 0, row.failed == 0))[:most]
        table = Table.grid(padding=(0, 2))
        for row in rows:
            if row in shown:
                spin = _SPINNER[self._frame % len(_SPINNER)] if row.running else "✗" if row.failed else "✓"
                table.add_row(_styled(spin, row), row.name, *_numbers(row))
        if len(shown) < len(rows):
            table.add_row("", f"… {len(rows) - len(shown)} more tasks")
        console = Console(
            file=StringIO(), force_terminal=True, width=size.columns - 1, no_color="NO_COLOR" in os.environ
        )
        with console.capture() as captured:
            console.print(table, markup=False, highlight=False)
        return captured.get().splitlines()


def _styled(mark: str, row: Row) -> Any:
    from rich.text import Text

    return Text(mark, style="cyan" if row.running else "red" if row.failed else "green")


def _numbers(row: Row) -> list[Any]:
    from rich.text import Text

    styles = (("running", row.running, "cyan"), ("done", row.done, "green"), ("failed", row.failed, "red"))
    said = [Text(f"{number} {what}" if number else "", style=style) for what, number, style in styles]
    return [*said, Text(f"{row.cached} cached" if row.cached else "", style="dim")]


def _write(text: str) -> None:
    """Write to the terminal, past all that looks at what is printed."""
    encoded = text.encode(sys.stderr.encoding or "utf-8", "replace")
    os.write(sys.stderr.fileno(), encoded)


def progress(options: Mapping[str, Any], output: Output) -> tuple[Lines | Drawing, ...]:
    """Return who shows how the run stands: nobody under --quiet, --json and --no-progress, or where nobody watches."""
    if output.draws():
        return (Drawing(),)
    if output.quiet or output.as_json or output.no_progress:
        return ()
    return (Lines(),) if options.get("progress") else ()
