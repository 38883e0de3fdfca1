"""Why a call failed, and the error that a person gets for it: one table from the protocol's codes to ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from google.protobuf.message import DecodeError

from flytectl_py.controlplane.api import (
    AlreadyExistsError,
    NotFoundError,
    NotLoggedInError,
    NotReachedError,
    RefusedError,
    RemoteCallError,
    ServerFaultError,
)
from flytectl_py.controlplane.endpoint import Endpoint
from flytectl_py.controlplane.redaction import without_secrets

# Statuses with which a server or a gateway says that it did not take the request; after any other the call may have
# been carried out, or still be.
TURNED_AWAY = frozenset({401, 408, 413, 421, 425, 429, 503})
_NO_SUCH_CALL = frozenset({200, 404, 405, 415})
"""Statuses with which a server that is no control plane answers, with a page, what it does not know."""
_VAGUE = frozenset({Code.UNKNOWN, Code.INTERNAL})
PASSING = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.ABORTED})


@dataclass(frozen=True)
class Failure:
    """One attempt that failed.

    :param said: the other side's words, or those of the network, without secrets.
    :param status: of the HTTP answer, 0 where none came.
    :param retry_after: seconds that the server asks for, if it does.
    :param gateway: the server's fault was told with a web page, as gateways do.
    :param stranger: no control plane answers there, but a web server or a log-in page.
    :param unsent: no connection came about, so nothing can have happened.
    """

    code: Code
    said: str
    status: int = 0
    retry_after: float | None = None
    unsent: bool = False
    gateway: bool = False
    stranger: bool = False

    @property
    def passing(self) -> bool:
        """Whether another attempt may fare better."""
        if self.code is Code.RESOURCE_EXHAUSTED:
            # The same code tells of a quota, or of a message that is too large; those come with other statuses or none.
            return self.status == 429 or self.retry_after is not None
        return self.code in PASSING or self.gateway

    @property
    def outcome_unknown(self) -> bool:
        """Whether the call may have been carried out although it failed here."""
        if self.unsent or self.status in TURNED_AWAY or self.code is Code.ABORTED:
            return False
        return self.passing


def failure_of(error: ConnectError, status: int, headers: Mapping[str, str]) -> Failure:
    """Return what is known of a failed attempt.

    :param status, headers: of the HTTP answer (names in lower case); 0 and nothing where none came.
    """
    cause = error.__cause__
    unsent = not status and isinstance(cause, ConnectionError)
    code = Code.UNAVAILABLE if unsent else error.code
    if status == 429:  # the protocol maps it to `unavailable` where the body says nothing
        code = Code.RESOURCE_EXHAUSTED
    said = _network_words(cause) if cause is not None and not status else error.message
    if code is Code.DEADLINE_EXCEEDED and not status:
        said = "no answer in time"
    is_page = code in _VAGUE and headers.get("content-type", "").startswith("text/html")
    if is_page and status >= 500:
        # A gateway, or what is before the control plane, failed; the next attempt may get through.
        return Failure(
            Code.UNKNOWN,
            f"HTTP {status} with a web page",
            status,
            retry_after(headers.get("retry-after")),
            gateway=True,
        )
    if isinstance(cause, DecodeError):
        said = _UNREADABLE
    stranger = 300 <= status < 400 or (is_page and status == 200)
    if stranger or (is_page and status in _NO_SUCH_CALL):
        there = f"it points to {headers['location']}" if "location" in headers else "it answers with a web page"
        code, said = Code.UNIMPLEMENTED, there
    asked_for = retry_after(headers.get("retry-after"))
    return Failure(code, without_secrets(said), status, asked_for, unsent, stranger=stranger)


def retry_after(written: str | None) -> float | None:
    """Return the seconds that a Retry-After header means, a number or a date; None where it says neither."""
    if not written:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", written):
        return float(written)
    import time
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _network_words(cause: BaseException) -> str:
    """Return what the HTTP library says, without its own wrapping: ``Connection refused``."""
    text = str(cause)
    if "dns error" in text:
        return "its name is not known here (DNS)"
    text = re.sub(r"^.*?client error \(\w+\): ", "", text)
    text = re.sub(r"^(Request failed|Error reading [^:]*): ", "", text)
    text = re.sub(r"^tunnel error: (failed to create underlying connection: )?", "through the proxy: ", text)
    text = re.sub(r"(^|(?<=: ))(tcp connect|connection) error: ", "", text)
    return re.sub(r"\s*\(os error \d+\)", "", text)


class _Row(NamedTuple):
    error: type[RemoteCallError]
    what: str
    hint: str


_NO_TLS = "InvalidContentType"
"""What the HTTP library says where plain text answers its TLS greeting."""
_UNREADABLE = "its answer cannot be read"
_UNREACHED = "check that the endpoint is right (flyte config show --origin) and that this machine reaches it"
_NOT_ONE = "check that the endpoint is a Flyte 2 control plane (flyte config show --origin), and its version"
_TABLE = {
    Code.UNAVAILABLE: _Row(NotReachedError, "cannot be reached", _UNREACHED),
    Code.DEADLINE_EXCEEDED: _Row(NotReachedError, "did not answer in time", _UNREACHED),
    Code.RESOURCE_EXHAUSTED: _Row(NotReachedError, "has too much to do", "try again later, or ask for a higher quota"),
    Code.UNAUTHENTICATED: _Row(
        NotLoggedInError, "does not know who asks", "log in again with 'flyte whoami', or check the credentials"
    ),
    Code.PERMISSION_DENIED: _Row(
        NotLoggedInError, "does not allow this", "see who you are with 'flyte whoami', and ask for the right"
    ),
    Code.NOT_FOUND: _Row(NotFoundError, "has no such thing", "check the name, the project and the domain"),
    Code.ALREADY_EXISTS: _Row(AlreadyExistsError, "has it already", "take another name or version"),
    Code.INVALID_ARGUMENT: _Row(RefusedError, "refuses the request", "change what was asked for"),
    Code.OUT_OF_RANGE: _Row(RefusedError, "refuses the request", "change what was asked for"),
    Code.FAILED_PRECONDITION: _Row(RefusedError, "cannot do this now", "see what the message asks for"),
    Code.ABORTED: _Row(NotReachedError, "gave up the call", "try again"),
    Code.CANCELED: _Row(NotReachedError, "broke off the call", "try again"),
    Code.UNIMPLEMENTED: _Row(ServerFaultError, "does not know this call", _NOT_ONE),
    Code.INTERNAL: _Row(ServerFaultError, "failed", "try again; if it goes on, its log says more"),
    Code.UNKNOWN: _Row(ServerFaultError, "failed", "try again; if it goes on, its log says more"),
    Code.DATA_LOSS: _Row(ServerFaultError, "lost data", "its log says more"),
}


def error_of(
    failure: Failure,
    call: str,
    endpoint: Endpoint,
    attempts: int,
    *,
    repeatable: bool = True,
    perhaps_done: bool = False,
) -> RemoteCallError:
    """Return the error for a call that failed for good.

    :param call: e.g. ``TaskService.DeployTask``. :param attempts: how often it was made.
    :param perhaps_done: an earlier attempt may have been carried out; the error says so of this one as well.
    """
    row = _TABLE[failure.code]
    what, hint = row.what, row.hint
    if failure.outcome_unknown and not failure.unsent and failure.status == 0 and failure.code is Code.UNAVAILABLE:
        what = "broke off the connection"
    if failure.said == _UNREADABLE:
        what, hint = "does not speak as this client does", _NOT_ONE
    if failure.outcome_unknown and not repeatable:
        hint = "it may have been carried out all the same: look (flyte get run) before you repeat it"
    if endpoint.encrypted and not failure.status and _NO_TLS in failure.said:
        what = "does not speak TLS"
        hint = (
            f"--insecure (admin.insecure: true), or http://{endpoint.host} as the endpoint, asks it without encryption"
        )
    if failure.code is Code.UNAUTHENTICATED and endpoint.url.startswith("http://"):
        hint = "'insecure' and http:// endpoints are asked without logging in: take https:// and drop 'insecure'"
    tries = f" after {attempts} attempts" if attempts > 1 else ""
    said = f": {failure.said}" if failure.said else ""
    return row.error(
        f"{endpoint.written} {what}, {call}{tries}{said}",
        hint=hint,
        where=endpoint.written,
        rpc_code=failure.code.value,
        call=call,
        said=failure.said,
        perhaps_done=perhaps_done or failure.outcome_unknown,
        stranger=failure.stranger,
    )
