"""The protocol of what runs an attempt of an action, and the values that pass through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from flytectl_py.errors import FlyteError


class CannotStartError(FlyteError):
    """An attempt cannot be started: its image, its program or what it asks for is not to be had here."""


@dataclass(frozen=True, slots=True)
class Warm:
    """A set of processes that stay between attempts. `key` names it; they end after `idle` seconds without work."""

    key: str
    most: int
    idle: float


@dataclass(frozen=True, slots=True)
class Launch:
    """One attempt of an action that is about to run.

    :param token: names the attempt among all that ever were; an executor finds by it what it has started, also after
        the control plane was killed.
    :param image: URI of the image that the task wants.
    :param command: the program and its arguments, with nothing left to fill in.
    :param environment: what the task has to find in its environment, besides what the executor gives to every process.
    :param cpu: cores. :param memory: bytes, 0 for no limit. :param gpu: how many.
    :param log: the file that gets what it prints. :param entrypoint: the command starts with what replaces the
        image's own entrypoint. :param secrets: variables that no command line and no log may show.
    :param files: the secrets that it has to find as files, by their absolute path.
    :param folders: those of this machine that a container finds elsewhere, by the path that it finds them at.
    :param warm: which attempts may share a process with it, one after the other; None for one of its own.
    """

    token: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    cpu: float
    memory: int
    gpu: int
    log: Path
    entrypoint: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    folders: Mapping[str, Path] = field(default_factory=dict)
    warm: Warm | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `code` is None where nobody can say, as after a power cut; 128 + n stands for signal n."""

    code: int | None
    out_of_memory: bool = False
    reason: str = ""


class Executor(Protocol):
    """One way to run attempts. All methods are for the event loop's own thread and may be cancelled."""

    name: str

    async def start(self, launch: Launch) -> None:
        """Start an attempt; afterwards it goes on whatever becomes of this process.

        :raises CannotStartError: it cannot be started, and will not be the next time.
        """
        ...

    async def adopt(self, token: str) -> bool:
        """Return whether the attempt was ever started; one that was can be waited for, also if it has ended."""
        ...

    async def wait(self, token: str) -> Ended:
        """Return how a started attempt ended, when it has."""
        ...

    async def stop(self, token: str, grace: float) -> None:
        """Ask an attempt to end, and make it end after `grace` seconds. One that has ended is no error."""
        ...

    async def forget(self, token: str) -> None:
        """Remove what is left of an attempt that has ended, but for its log."""
        ...

    async def tidy(self, kept: set[str]) -> None:
        """End and remove all that is left here of attempts other than those `kept`; at the start, before the first."""
        ...

    def lacking(self) -> str:
        """Return what this machine lacks to use this executor; empty where nothing is lacking."""
        ...

    async def close(self) -> None:
        """Give back what is held here; what runs goes on."""
        ...
