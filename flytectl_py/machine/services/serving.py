"""What all services share: the plane that they serve, and how they find runs and cut lists into pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from flytectl_py.errors import UsageError
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.runs import RunKey
from flytectl_py.storage.api import check_key

T = TypeVar("T")

PAGE = 100


class Service:
    """One service over a plane. `wake` makes the scheduler look at the queue."""

    def __init__(self, plane: Plane, wake: Callable[[], None]) -> None:
        self.plane = plane
        self.wake = wake

    def run(self, identifier: Any) -> Any:
        """Return the first action of the run that a RunIdentifier names, a row.

        :raises ConnectError: there is no such run.
        """
        found = self.plane.runs.find(RunKey.of(identifier))
        if found is None:
            raise missing(f"run {identifier.name} of {identifier.project}/{identifier.domain}")
        return found

    def action(self, identifier: Any) -> Any:
        """Return the action that an ActionIdentifier names, a row.

        :raises ConnectError: there is no such action.
        """
        found = self.plane.runs.find(RunKey.of(identifier.run), identifier.name)
        if found is None:
            raise missing(f"action {identifier.name} of run {identifier.run.name}")
        return found


def missing(what: str) -> ConnectError:
    """Return the error of something that is not there."""
    return ConnectError(Code.NOT_FOUND, f"{what} not found")


def unsupported(what: str) -> ConnectError:
    """Return the error of something that one machine does not do."""
    return ConnectError(Code.UNIMPLEMENTED, f"{what}: the control plane of one machine does not do that")


def page_of(found: Sequence[T], limit: int, token: str) -> tuple[Sequence[T], str]:
    """Return one page of a list, and the token of the next one; empty for the last.

    :raises ConnectError: the token is none of ours.
    """
    start = start_of(token)
    end = start + (limit or PAGE)
    return found[start:end], str(end) if end < len(found) else ""


def start_of(token: str) -> int:
    """Return where a page starts.

    :raises ConnectError: the token is none of ours.
    """
    if token and not token.isdecimal():
        raise ConnectError(Code.INVALID_ARGUMENT, f"'{token}' is no token of a page")
    return int(token or 0)


def checked(name: str) -> str:
    """Return a name that becomes part of an address.

    :raises ConnectError: it cannot be one.
    """
    try:
        return check_key(name)
    except UsageError as error:
        raise ConnectError(Code.INVALID_ARGUMENT, str(error)) from error
