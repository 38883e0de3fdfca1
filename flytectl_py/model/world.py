"""What a declaration may ask of the world outside, and who answers: the declarations themselves read nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from flytectl_py.errors import NotReadyError

if TYPE_CHECKING:
    from flytectl_py.model.data import DataKeeper


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
    make_data: Callable[[], DataKeeper] | None = None
    data: DataKeeper | None = None


_installed = _Installed()
current_world: ContextVar[World | None] = ContextVar("flyte_world", default=None)
"""Set it to give the declarations of one context another world: in tests, or below another root."""


def install_world(world: World) -> None:
    """Let `world` answer in this process wherever `current_world` is unset."""
    _installed.world = world


def install_data(make: Callable[[], DataKeeper]) -> None:
    """Let what `make` returns keep the data of files, folders and tables; it is made when it is first asked."""
    _installed.make_data = make
    _installed.data = None


def the_data() -> DataKeeper:
    """Return who keeps the data of files, folders and tables.

    :raises NotReadyError: nobody does.
    """
    if _installed.data is None:
        if _installed.make_data is None:
            raise NotReadyError("nothing here may read or write data", hint="`import flyte` first")
        _installed.data = _installed.make_data()
    return _installed.data


def the_world() -> World:
    """Return who answers.

    :raises NotReadyError: nobody does.
    """
    world = current_world.get() or _installed.world
    if world is None:
        raise NotReadyError("nothing here may read files", hint="`import flyte`, or pass a probe")
    return world
