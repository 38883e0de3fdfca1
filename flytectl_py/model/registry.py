"""The environments that have been declared so far, by name, each with the place where it was declared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from flytectl_py.errors import DuplicateEnvironmentError

if TYPE_CHECKING:
    from flytectl_py.model.environment import Environment

_OWN_PACKAGES = ("flytectl_py", "flyte")


class Place(NamedTuple):
    """Where in the user's code a declaration stands."""

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def same_source(self, other: Place) -> bool:
        """Whether both stand in one file; cells of one notebook count as one file."""
        return self.file == other.file or self.module == other.module == "__main__"


def calling_place() -> Place:
    """Return the innermost place on the call stack that is not in this project's own packages."""
    frame = sys._getframe(1)
    while True:
        module = frame.f_globals.get("__name__", "")
        outer = frame.f_back
        if module.partition(".")[0] not in _OWN_PACKAGES or outer is None:
            return Place(frame.f_code.co_filename, frame.f_lineno, module)
        frame = outer


class Registry:
    """Environments by name. A second one of a name replaces the first when it comes from the same file.

    :param loads_files: files are run here, not typed: another one replaces the first only from the same line, which is
        then run again, as when the file is imported under a second name.
    """

    def __init__(self, *, loads_files: bool = False) -> None:
        self._loads_files = loads_files
        self._environments: dict[str, Environment] = {}

    def __iter__(self) -> Iterator[Environment]:
        return iter(self._environments.values())

    def add(self, environment: Environment) -> None:
        """Register `environment`.

        :raises DuplicateEnvironmentError: another file, or another line of a file that is loaded, declared one of that
            name.
        """
        known = self._environments.get(environment.name)
        if known is not None and not self._replaces(environment.place, known.place):
            raise DuplicateEnvironmentError(
                f"two environments are named '{environment.name}': {known.place} and {environment.place}",
                hint="give one of them another name",
                where=str(environment.place),
            )
        self._environments[environment.name] = environment

    def _replaces(self, new: Place, known: Place) -> bool:
        if self._loads_files and new.file == known.file:
            return new.line == known.line
        return new.same_source(known)

    def get(self, name: str) -> Environment | None:
        """Return the environment of that name, or None."""
        return self._environments.get(name)


_process_registry = Registry()
current_registry: ContextVar[Registry] = ContextVar("flyte_registry", default=_process_registry)
"""The registry that declarations enter. Tests and loaders set one of their own."""
