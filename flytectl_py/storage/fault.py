"""What can go wrong with a store, in one vocabulary for all providers, and the error that the user sees for it."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from enum import StrEnum

from flytectl_py.errors import FlyteError, UsageError
from flytectl_py.storage.api import ObjectMissingError, StoreUnavailableError


class Kind(StrEnum):
    """Kinds of fault, by what can be done about them."""

    MISSING = "missing"
    NO_BUCKET = "no bucket"
    BAD_NAME = "bad name"
    DENIED = "denied"
    EXPIRED = "expired"
    NO_CREDENTIALS = "no credentials"
    UNRESOLVABLE = "unresolvable"
    REFUSED = "refused"
    TLS = "tls"
    DISK_FULL = "disk full"
    READ_ONLY = "read-only"
    NOT_A_FOLDER = "not a folder"
    TOO_LARGE = "too large"
    THROTTLED = "throttled"
    SERVER = "server"
    DROPPED = "dropped"
    STALLED = "stalled"
    CORRUPTED = "corrupted"
    OTHER = "other"


TRANSIENT = frozenset({Kind.THROTTLED, Kind.SERVER, Kind.DROPPED, Kind.STALLED, Kind.CORRUPTED, Kind.REFUSED})
"""Worth another attempt."""


class Fault(Exception):  # never leaves storage/; becomes an error at its border
    """One failed request.

    :param detail: what the other side said, one line.
    :param retry_after: seconds that the other side asks to wait.
    """

    def __init__(self, kind: Kind, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = " ".join(detail.split())[:300]
        self.retry_after = retry_after
        self.attempts = 1
        self.seconds = 0.0


_SAYS: dict[Kind, tuple[str, str]] = {
    Kind.MISSING: (
        "there is no such object",
        "build and push it again: names come from content, so it will be the same",
    ),
    Kind.NO_BUCKET: ("there is no such bucket", "create it, or check its name, the region and the endpoint"),
    Kind.BAD_NAME: ("that name is not allowed", ""),
    Kind.DENIED: ("access is denied", ""),
    Kind.EXPIRED: ("the credentials or the signed URL have expired", "log in again, check this machine's clock"),
    Kind.NO_CREDENTIALS: ("there are no credentials", ""),
    Kind.UNRESOLVABLE: (
        "the host's name cannot be resolved",
        "the address may only be reachable inside the cluster; use one that this machine can reach",
    ),
    Kind.REFUSED: ("nothing accepts connections there", "check the endpoint and that the server runs"),
    Kind.TLS: (
        "the secure connection failed",
        "check the endpoint's scheme and certificate; SSL_CERT_FILE names trusted ones",
    ),
    Kind.DISK_FULL: ("the disk is full", "free some space, or choose another place"),
    Kind.READ_ONLY: ("the folder cannot be written", "check its permissions, or choose another place"),
    Kind.NOT_A_FOLDER: ("a file stands where a folder is needed", "choose another place"),
    Kind.TOO_LARGE: ("it is larger than the store takes in one piece", "leave out what the tasks don't need"),
    Kind.THROTTLED: ("the store asks to slow down", "try again in a while"),
    Kind.SERVER: ("the store failed", "try again in a while; what was sent already does no harm"),
    Kind.DROPPED: ("the connection broke", "check the network and try again; what was sent already does no harm"),
    Kind.STALLED: ("no bytes moved for too long", "check the network, the proxy and the endpoint, and try again"),
    Kind.CORRUPTED: ("the bytes were damaged on the way", "check the network and any proxy in between, and try again"),
    Kind.OTHER: ("the store refused", ""),
}

_USAGE = frozenset({Kind.BAD_NAME, Kind.TOO_LARGE})


def error_of(fault: Fault, *, doing: str, where: str, hints: dict[Kind, str]) -> FlyteError:
    """Return the user's error for `fault`.

    :param doing: what was attempted, e.g. ``cannot upload``.
    :param hints: a provider's own advice, which replaces the general one.
    """
    says, hint = _SAYS[fault.kind]
    detail = f" ({_presentable(fault.detail)})" if fault.detail else ""
    tries = f", after {fault.attempts} attempts in {fault.seconds:.0f} s" if fault.attempts > 1 else ""
    wait = f"; it asks to wait {fault.retry_after:.0f} s" if fault.retry_after else ""
    message = f"{doing} {where}: {says}{detail}{tries}{wait}"
    advice = hints.get(fault.kind, hint)
    if fault.kind in _USAGE:
        return UsageError(message, hint=advice, where=where)
    if fault.kind is Kind.MISSING:
        return ObjectMissingError(message, hint=advice, where=where)
    return StoreUnavailableError(message, hint=advice, where=where)


def _presentable(detail: str) -> str:
    """Return the other side's words without what is the right to act: it may quote the signed URL that it was asked."""
    unsigned = re.sub(r"\?[^\s\"'<>]*=[^\s\"'<>]*", "?***", detail)
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", re.sub(r"://[^/@\s]*@", "://***@", unsigned))


# What S3 (and Google, in its XML) and Azure call content that does not have the MD5 that came with it.
_DAMAGED = frozenset({"BadDigest", "Md5Mismatch"})


def status_fault(status: int, code: str = "", detail: str = "", retry_after: str | None = None) -> Fault:
    """Return the fault that an HTTP answer means, where the provider's own `code` says no more."""
    said = f"HTTP {status} {code}: {detail}" if code else f"HTTP {status}: {detail}" if detail else f"HTTP {status}"
    if "expired" in (code + detail).lower() or "not valid in the specified time frame" in detail:
        kind = Kind.EXPIRED
    elif code in _DAMAGED:
        kind = Kind.CORRUPTED
    elif status in {401, 403, 407}:
        kind = Kind.DENIED
    elif status in {404, 410}:
        kind = Kind.MISSING
    elif status == 413:
        kind = Kind.TOO_LARGE
    elif status == 429 or (status == 503 and retry_after):
        kind = Kind.THROTTLED
    elif status in {408, 425} or status >= 500:
        kind = Kind.SERVER
    else:
        kind = Kind.OTHER
    return Fault(kind, said, retry_after=seconds_to_wait(retry_after))


def seconds_to_wait(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). None when absent or not understood."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    import time

    return max(0.0, at.timestamp() - time.time())


# Classes of aiohttp, botocore and azure-core by name, so that none of them has to be imported to tell what happened.
_BY_CLASS = {
    "ServerDisconnectedError": Kind.DROPPED,
    "ClientPayloadError": Kind.DROPPED,
    "ClientOSError": Kind.DROPPED,
    "ClientConnectionResetError": Kind.DROPPED,
    "ConnectionClosedError": Kind.DROPPED,
    "ResponseStreamingError": Kind.DROPPED,
    "AioResponseStreamingError": Kind.DROPPED,
    "IncompleteReadError": Kind.DROPPED,
    "IncompleteRead": Kind.DROPPED,
    "HTTPClientError": Kind.DROPPED,
    "ServiceResponseError": Kind.DROPPED,
    "ServiceRequestError": Kind.REFUSED,
    "EndpointConnectionError": Kind.REFUSED,
    "ClientConnectorError": Kind.REFUSED,
    "ProxyConnectionError": Kind.REFUSED,
    "ReadTimeoutError": Kind.STALLED,
    "AioReadTimeoutError": Kind.STALLED,
    "ConnectTimeoutError": Kind.STALLED,
    "ServerTimeoutError": Kind.STALLED,
    "ServiceResponseTimeoutError": Kind.STALLED,
    "ServiceRequestTimeoutError": Kind.STALLED,
    "TransportError": Kind.REFUSED,
    "ClientConnectorCertificateError": Kind.TLS,
    "ClientSSLError": Kind.TLS,
    "SSLError": Kind.TLS,
}

_BY_ERRNO = {
    errno.ENOSPC: Kind.DISK_FULL,
    errno.EDQUOT: Kind.DISK_FULL,
    errno.EACCES: Kind.READ_ONLY,
    errno.EPERM: Kind.READ_ONLY,
    errno.EROFS: Kind.READ_ONLY,
    errno.ENOTDIR: Kind.NOT_A_FOLDER,
    errno.EEXIST: Kind.NOT_A_FOLDER,
    errno.EISDIR: Kind.NOT_A_FOLDER,
    errno.ENAMETOOLONG: Kind.BAD_NAME,
    errno.EFBIG: Kind.TOO_LARGE,
    errno.ECONNREFUSED: Kind.REFUSED,
    errno.EHOSTUNREACH: Kind.REFUSED,
    errno.ENETUNREACH: Kind.REFUSED,
}


def network_fault(error: BaseException) -> Fault | None:
    """Return what `error`, or one that lies beneath it, says of the connection; None when it says nothing."""
    beneath = list(_beneath(error))
    for kind in (_root_kind(each) for each in beneath):
        if kind:
            return Fault(kind, _text(error))
    for each in beneath:
        for cls in type(each).__mro__:
            if cls.__name__ in _BY_CLASS:
                return Fault(_BY_CLASS[cls.__name__], _text(error))
    return None


def disk_fault(error: OSError) -> Fault:
    """Return the fault for an error of this machine's file system."""
    return Fault(_BY_ERRNO.get(error.errno or 0, Kind.OTHER), error.strerror or _text(error))


def _root_kind(error: BaseException) -> Kind | None:
    if isinstance(error, socket.gaierror):
        return Kind.UNRESOLVABLE
    if isinstance(error, ssl.SSLError):
        return Kind.TLS
    if isinstance(error, TimeoutError):
        return Kind.STALLED
    if isinstance(error, ConnectionRefusedError) or (isinstance(error, OSError) and error.errno in _NOT_THERE):
        return Kind.REFUSED
    return Kind.DROPPED if isinstance(error, ConnectionError) else None


_NOT_THERE = frozenset(number for number, kind in _BY_ERRNO.items() if kind is Kind.REFUSED)


def _beneath(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # botocore keeps what it wraps in kwargs["error"], aiohttp in os_error, azure-core in inner_exception.
        kwargs = getattr(each, "kwargs", None)
        waiting += [kwargs.get("error") if isinstance(kwargs, dict) else None]
        waiting += [getattr(each, name, None) for name in ("os_error", "inner_exception", "__cause__", "__context__")]


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
