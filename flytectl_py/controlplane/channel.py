"""Makes calls over the Connect protocol: log-in, deadline, repetition and errors are the same for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from connectrpc.client import ConnectClient
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo
from pyqwest import Client

from flytectl_py.controlplane.api import Note
from flytectl_py.controlplane.endpoint import Endpoint
from flytectl_py.controlplane.failures import Failure, error_of, failure_of
from flytectl_py.controlplane.retry import RetryPolicy
from flytectl_py.controlplane.streams import closing
from flytectl_py.controlplane.transport import Head, Wire, current_head

Res = TypeVar("Res")

SLOWEST_UPLINK = 50_000
"""Bytes in a second that a connection is given time for."""
TOLD_SECONDS = 2.0
"""A wait of at least this long is told to whoever waits."""

log = logging.getLogger("flyte.controlplane")


class Times(NamedTuple):
    """How long the other side is waited for, in seconds.

    :param deadline: for one attempt of a call that has one answer; more where much is sent.
    :param patience: after which it is told that there is no answer yet.
    :param silence: after which a stream that says nothing is opened again: the other side may be gone without a word.
    """

    deadline: float = 30.0
    patience: float = 10.0
    silence: float = 600.0


class Login(Protocol):
    """Who asks."""

    async def headers(self) -> dict[str, str]:
        """Return the headers that say who asks; none where that is not needed, or not known to be."""
        ...

    async def refused(self, headers: dict[str, str]) -> bool:
        """Take note that `headers` were not accepted; True when there are better ones now."""
        ...


class Nobody:
    """Asks without saying who."""

    async def headers(self) -> dict[str, str]:
        """Return nothing."""
        return {}

    async def refused(self, headers: dict[str, str]) -> bool:
        """There is nothing better."""
        del headers
        return False


class Channel:
    """Calls to one address. Others at another address share its connections and its log-in."""

    def __init__(
        self,
        endpoint: Endpoint,
        wire: Wire,
        login: Login,
        policy: RetryPolicy,
        note: Note,
        times: Times = Times(),  # noqa: B008  # frozen
    ) -> None:
        self.endpoint = endpoint
        self.wire = wire
        self.login = login
        self.policy = policy
        self.note = note
        self.times = times
        self._client = ConnectClient(endpoint.url, http_client=Client(wire))

    def at(self, endpoint: Endpoint) -> Channel:
        """Return a channel to another address of the same control plane."""
        if endpoint.url == self.endpoint.url:
            return self
        return Channel(endpoint, self.wire, self.login, self.policy, self.note, self.times)

    def known_as(self, login: Login) -> Channel:
        """Return a channel to the same address for somebody else."""
        return Channel(self.endpoint, self.wire, login, self.policy, self.note, self.times)

    async def unary(
        self, service: str, method: str, request: Any, response: type[Res], *, repeatable: bool = True
    ) -> Res:
        """As `Calls.unary`."""
        attempts = _Attempts(self, service, method, repeatable=repeatable)
        info = _info(service, method, request, response)
        milliseconds = int((self.times.deadline + request.ByteSize() / SLOWEST_UPLINK) * 1000)
        while True:
            headers = await self.login.headers()
            head = Head()
            noted = current_head.set(head)
            impatient = asyncio.get_running_loop().call_later(self.times.patience, attempts.unanswered)
            try:
                return await self._client.execute_unary(
                    request=request, method=info, headers=headers, timeout_ms=milliseconds
                )
            except ConnectError as error:
                _give_way_to_cancellation(error)
                await attempts.failed(failure_of(error, head.status, head.headers), headers)
            finally:
                impatient.cancel()
                current_head.reset(noted)

    async def stream(
        self,
        service: str,
        method: str,
        request: Any,
        response: type[Res],
        *,
        reopened: Callable[[], None] | None = None,
    ) -> AsyncIterator[Res]:
        """As `Calls.stream`. After a break the server tells everything anew, so what comes may have come before."""
        attempts = _Attempts(self, service, method, repeatable=True)
        info = _info(service, method, request, response)
        while True:
            headers = await self.login.headers()
            head = Head()
            messages = self._client.execute_server_stream(request=request, method=info, headers=headers)
            try:
                async with closing(_heard(messages, head, self.times.silence)) as heard:
                    async for message in heard:
                        attempts.succeeded()
                        yield message
            except ConnectError as error:
                await attempts.failed(failure_of(error, head.status, head.headers), headers)
            except TimeoutError:
                log.debug("%s was silent for %.0f s and is opened again", attempts.call, self.times.silence)
            else:
                return
            if reopened is not None:
                reopened()


async def _heard(messages: AsyncIterator[Res], head: Head, silence: float) -> AsyncIterator[Res]:
    """Yield messages until they end; TimeoutError when none came for `silence` seconds.

    The head is noted around each step only, since a generator's steps may run in different contexts.
    """
    try:
        while True:
            noted = current_head.set(head)
            try:
                async with asyncio.timeout(silence):
                    message = await _next(messages)
            except StopAsyncIteration:
                return
            finally:
                current_head.reset(noted)
            yield message
    finally:
        await messages.aclose()  # type: ignore[attr-defined]  # it is a generator


async def _next(messages: AsyncIterator[Res]) -> Res:
    try:
        return await anext(messages)
    except ConnectError as error:
        _give_way_to_cancellation(error)
        raise


class _Attempts:
    """The attempts of one call: decides after each failure whether there is another, and waits for it."""

    def __init__(self, channel: Channel, service: str, method: str, *, repeatable: bool) -> None:
        self.call = f"{service.rpartition('.')[2]}.{method}"
        self._channel = channel
        self._repeatable = repeatable
        self._policy = channel.policy
        self._made = 0
        self._logged_in_again = False
        self._perhaps_done = False

    def succeeded(self) -> None:
        """Something came: the next failure is the first again, and the other side is known to be there."""
        self._made = 0
        self._logged_in_again = False
        self._policy = self._channel.policy.for_streams()

    def unanswered(self) -> None:
        """Say that there is no answer yet, since nothing else does until the deadline."""
        channel = self._channel
        channel.note(
            f"{channel.endpoint.written} has not answered {self.call} for {channel.times.patience:g} s; "
            f"waiting for it up to {channel.times.deadline:g} s"
        )

    async def failed(self, failure: Failure, headers: dict[str, str]) -> None:
        """Wait until the next attempt may be made; raise the error when there is none."""
        self._made += 1
        channel = self._channel
        log.debug("%s at %s: %s %s", self.call, channel.endpoint.written, failure.code.value, failure.said)
        if failure.code is Code.UNAUTHENTICATED and not self._logged_in_again:
            self._logged_in_again = True
            if await channel.login.refused(headers):
                self._made -= 1
                return
        wait = self._policy.wait_after(failure, self._made, repeatable=self._repeatable)
        if wait is None:
            raise error_of(
                failure,
                self.call,
                channel.endpoint,
                self._made,
                repeatable=self._repeatable,
                perhaps_done=self._perhaps_done,
            ) from None
        self._perhaps_done = self._perhaps_done or failure.outcome_unknown
        if wait >= TOLD_SECONDS:
            why = failure.said or failure.code.value
            channel.note(f"{channel.endpoint.written}: {why}; trying {self.call} again in {wait:.0f} s")
        await asyncio.sleep(wait)


def _info(service: str, method: str, request: Any, response: type[Res]) -> MethodInfo[Any, Res]:
    return MethodInfo(
        name=method,
        service_name=service,
        input=type(request),
        output=response,
        idempotency_level=IdempotencyLevel.UNKNOWN,
    )


def _give_way_to_cancellation(error: ConnectError) -> None:
    # The library turns the cancellation of the task into an error of the call, which would keep the task alive.
    if isinstance(error.__cause__, asyncio.CancelledError):
        raise error.__cause__
