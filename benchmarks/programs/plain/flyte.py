"""Decorators of the same shape that do nothing but keep a list."""

from collections.abc import Callable
from typing import Any

tasks: list[Callable[..., Any]] = []


class TaskEnvironment:
    """Has a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def task(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Note the function and return it."""
        tasks.append(function)
        return function
