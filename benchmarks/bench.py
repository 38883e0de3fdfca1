"""What every case needs: a scratch folder, a clean environment, the two installations, and how often to measure."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.finding import Finding
from benchmarks.measure import Command, interleave
from benchmarks.peer import Peer

PROGRAMS = Path(__file__).resolve().parent / "programs"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# They change how Python or one of the two tools starts: byte code must be written and read by both as usual.
_LEFT_OUT = ("PYTHON", "FLYTE", "_FLYTE", "PIP_", "COV_", "COVERAGE", "UNION", "COLUMNS", "TERM")


@dataclass(frozen=True)
class Bench:
    """The bench that cases measure on.

    :param scratch: a folder that goes away afterwards; each case makes its own folder in it.
    :param rounds: how many times each of a pair is run.
    """

    scratch: Path
    peer: Peer
    rounds: int

    @property
    def python(self) -> Path:
        """The interpreter of the environment that this project is installed in: the one that runs the benchmarks."""
        return Path(sys.executable)

    @property
    def flyte(self) -> Path:
        """This project's command."""
        return self.python.parent / "flyte"

    def folder(self, name: str) -> Path:
        """Return a new folder for a case."""
        folder = self.scratch / name
        folder.mkdir()
        return folder

    def command(
        self, *argv: Path | str, cwd: Path, expects: str = "", variables: Mapping[str, str] | None = None
    ) -> Command:
        """Return a command that sees nothing of the user's settings: no variables, and an empty home folder."""
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        environment = {**kept, "HOME": str(home), "TMPDIR": str(home), **(variables or {})}
        return Command(tuple(map(str, argv)), cwd, environment, expects)

    def compare_processes(self, name: str, ours: Command, other: Command, *, limit: float) -> list[Finding]:
        """Time two whole processes against each other; claim that the ratio of the times is at most `limit`.

        What they take of the processor is reported beside it: a busy machine shows in the one and not in the other.
        """
        mine, theirs = interleave(ours, other, rounds=self.rounds)
        against = self.peer.title
        return [
            Finding(
                name, "ms", [1e3 * s.seconds for s in mine], [1e3 * s.seconds for s in theirs], against, limit=limit
            ),
            Finding(
                f"{name} (CPU)",
                "ms",
                [1e3 * s.cpu_seconds for s in mine],
                [1e3 * s.cpu_seconds for s in theirs],
                against,
            ),
        ]
