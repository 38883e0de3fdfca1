"""What a declaration may ask of the world outside, and who answers: the declarations themselves read nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from flytectl_py.errors import NotReadyError


class FileProbe(Protocol):
    """Tells what stands at a path. A relative path counts from wherever the implementation says."""

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file."""

    def is_dir(self, path: str) -> bool:
        """Whether `path` is a folder."""


class World(FileProbe, Protocol):
    """Everything that declarations may ask."""

    def source_of(self, function: Callable[..., Any]) -> str:
        """Return the source text of `function`.

        :raises UsageError: there is none.
        """

    def code_version(self, function: Callable[..., Any]) -> str:
        """Return the digest of `function` and of the user's own code that it reaches.

        :raises UsageError: the code cannot be read.
        """


class _Installed:
    # One for the process, as threads start with an empty context.
    world: World | None = None


_installed = _Installed()
current_world: ContextVar[World | None] = ContextVar("flyte_world", default=None)
"""Set it to give the declarations of one context another world: in tests, or below another root."""


def install_world(world: World) -> None:
    """Let `world` answer in this process wherever `current_world` is unset."""
    _installed.world = world


def the_world() -> World:
    """Return who answers.

    :raises NotReadyError: nobody does.
    """
    world = current_world.get() or _installed.world
    if world is None:
        raise NotReadyError("nothing here may read files", hint="`import flyte`, or pass a probe")
    return world
