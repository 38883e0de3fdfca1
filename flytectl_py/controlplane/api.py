"""What others see of a control plane: how a call is made, whoever makes it, and what it raises when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Protocol, TypeVar

from flytectl_py.errors import CONFLICT, NOT_READY, USAGE, ConflictError, FlyteError, NotReadyError, UsageError

Res = TypeVar("Res")

Note = Callable[[str], None]
"""Told one line for the person who waits, such as why nothing happens for a while."""


class Calls(Protocol):
    """Makes calls of one service or another. Every failure is a `RemoteCallError`, or a log-in that did not work."""

    async def unary(
        self, service: str, method: str, request: Any, response: type[Res], *, repeatable: bool = True
    ) -> Res:
        """Send one message and return the one that comes back.

        :param service: full name, e.g. ``flyteidl2.task.TaskService``. :param method: e.g. ``DeployTask``.
        :param repeatable: a second call does no harm, so it may be made when nobody knows what became of the first.
        """
        ...

    def stream(
        self,
        service: str,
        method: str,
        request: Any,
        response: type[Res],
        *,
        reopened: Callable[[], None] | None = None,
    ) -> AsyncIterator[Res]:
        """Send one message and yield those that come back. A stream that breaks is opened again, from its start.

        :param reopened: called each time that it is.
        """
        ...


class RemoteCallError(FlyteError):
    """A call to the control plane failed.

    :param rpc_code: as the protocol spells it, e.g. ``not_found``.
    :param call: e.g. ``TaskService.DeployTask``. :param endpoint: who was asked.
    :param said: the server's own words.
    :param perhaps_done: an attempt of the call may have been carried out.
    :param stranger: who answered is no control plane.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        where: str = "",
        rpc_code: str = "",
        call: str = "",
        said: str = "",
        perhaps_done: bool = False,
        stranger: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, where=where)
        self.rpc_code = rpc_code
        self.call = call
        self.endpoint = where
        self.said = said
        self.perhaps_done = perhaps_done
        self.stranger = stranger


class NotReachedError(RemoteCallError, NotReadyError):
    """Nobody answered, or not in time, or only to say that this is not the time."""

    exit_code: ClassVar[int] = NOT_READY


class NotLoggedInError(RemoteCallError, NotReadyError):
    """The control plane wants to know who asks, or that one may not."""

    exit_code: ClassVar[int] = NOT_READY


class ServerFaultError(RemoteCallError, NotReadyError):
    """The control plane itself failed, or does not know the call."""

    exit_code: ClassVar[int] = NOT_READY


class RefusedError(RemoteCallError, UsageError):
    """The control plane cannot do what it was asked to do."""

    exit_code: ClassVar[int] = USAGE


class NotFoundError(RemoteCallError, UsageError):
    """The control plane has nothing of that name."""

    exit_code: ClassVar[int] = USAGE


class AlreadyExistsError(RemoteCallError, ConflictError):
    """The control plane has something of that name already."""

    exit_code: ClassVar[int] = CONFLICT
