"""What all services share: the plane that they serve, and how they find runs."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from flytectl_py.errors import UsageError
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.runs import RunKey
from flytectl_py.storage.api import check_key


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


def user() -> str:
    """Return the name of whoever uses this machine, who makes all runs."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have
        return "nobody"


def missing(what: str) -> ConnectError:
    """Return the error of something that is not there."""
    return ConnectError(Code.NOT_FOUND, f"{what} not found")


def unsupported(what: str, why: str = "the control plane of one machine does not do that") -> ConnectError:
    """Return the error of something that one machine does not do."""
    return ConnectError(Code.UNIMPLEMENTED, f"{what}: {why}")


def checked(name: str) -> str:
    """Return a name that becomes part of an address.

    :raises ConnectError: it cannot be one.
    """
    try:
        return check_key(name)
    except UsageError as error:
        raise ConnectError(Code.INVALID_ARGUMENT, str(error)) from error
