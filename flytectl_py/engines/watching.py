"""What those are told who write down a run, or show it; for type checkers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from flytectl_py.engines.actions import Action
    from flytectl_py.engines.api import Phase


class Watcher(Protocol):
    """Is told of a run, from whatever thread it happens on. It must be quick, and never fail."""

    def run_began(self, name: str) -> None:
        """A run begins."""

    def began(self, action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """An action begins."""

    def attempt_failed(self, action: Action, error: tuple[str, str]) -> None:
        """The attempt that an action is at has failed, with this code and message, and another one follows."""

    def ended(self, action: Action, value: Any) -> None:
        """An action has ended; its `phase` says how, and where it succeeded `value` is what it returned."""

    def run_ended(self, phase: Phase, seconds: float, error: tuple[str, str] | None) -> None:
        """The run has ended; `error` is the code and the message of what ended it."""


class Screen(Protocol):
    """Something drawn on the terminal that has to make room for text."""

    def __enter__(self) -> object:
        """Make room; nothing is drawn until `__exit__`."""

    def __exit__(self, *exc: object) -> None:
        """The text is written."""

    def wrote(self, text: str) -> None:
        """Take notice of the text, before `__exit__`."""
