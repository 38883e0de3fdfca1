"""Times whole processes, in turns, and sums up what was found."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# What ru_maxrss counts in: kibibytes, but bytes on a Mac.
_MAXRSS_PER_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024


class CannotMeasureError(Exception):
    """Something that is needed to measure is not there, or does not do what is measured."""


@dataclass(frozen=True)
class Command:
    """One process to time.

    :param argv: its words; the first is an absolute path.
    :param expects: text that its stdout must hold, so that no failure is timed.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    expects: str = ""


@dataclass(frozen=True)
class Sample:
    """What one process took.

    :param seconds: from start to end. :param cpu_seconds: of all its processors, in user code and in the kernel.
    :param peak_mib: the most memory that it had at one time. Linux counts what this process had when it started the
        other, so this one must stay smaller than what it measures.
    :param stdout: what it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    stdout: str


@dataclass(frozen=True)
class Spread:
    """The middle and the ends of several values."""

    median: float
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of `values`, at least one."""
        return cls(statistics.median(values), min(values), max(values))


def ratios(ours: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return ours / other, pair by pair: what slows the machine for a while slows both of a pair, and cancels out."""
    return [mine / theirs for mine, theirs in zip(ours, other, strict=True)]


def run(command: Command) -> Sample:
    """Run the command once.

    :raises CannotMeasureError: it failed, or did not print what it should.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, complaint = (_text(file.fileno()) for file in (stdout, stderr))
    if process.returncode != 0 or command.expects not in printed:
        raise CannotMeasureError(
            f"{' '.join(command.argv)} in {command.cwd} ended with {process.returncode}"
            f" and should have printed {command.expects!r}; it said:\n{printed}{complaint}".rstrip()
        )
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _MAXRSS_PER_MIB, printed)


def interleave(ours: Command, other: Command, *, rounds: int, warm_up: int = 2) -> tuple[list[Sample], list[Sample]]:
    """Run ours, other, ours, other … and return the samples of each, without the first `warm_up`, which fill caches."""
    mine: list[Sample] = []
    theirs: list[Sample] = []
    for _ in range(warm_up + rounds):
        mine.append(run(ours))
        theirs.append(run(other))
    return mine[warm_up:], theirs[warm_up:]


def _text(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode(errors="replace")
