"""Decorators of the same shape that do nothing."""

from collections.abc import Callable
from typing import Any


class TaskEnvironment:
    """Has a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def task(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function."""
        return function
