"""One HTTP request with a body that is streamed, under connect and stall timeouts; standard library only."""

from __future__ import annotations

import base64
import http.client
import re
import ssl
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from flytectl_py.errors import UsageError
from flytectl_py.storage.fault import Fault, Kind, network_fault, status_fault

MOST_REDIRECTS = 3
MOST_ERROR_TEXT = 64 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds until a connection must stand, and seconds without a byte after which it is given up.

    :param trust: whose certificates are good; by default those that the system trusts.
    :param proxy: its URL; by default the one that the environment names. ``NO_PROXY`` holds for both.
    """

    connect: float
    stall: float
    trust: ssl.SSLContext | None = None
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: names of headers in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: Iterable[bytes] | None,
    limits: Limits,
    *,
    most: int = MOST_ERROR_TEXT,
) -> Answer:
    """Send one request and return its answer. A redirect (307, 308) is followed while nothing of `body` was sent.

    :param most: bytes of the answer's content that are read at most.
    :raises Fault: no connection, a connection that broke or stalled, or a status of 400 and more.
    """
    for _ in range(MOST_REDIRECTS + 1):
        parts = parts_of(url)
        try:
            answer = _once(method, parts, headers, body, limits, most)
        except (OSError, http.client.HTTPException) as error:
            raise network_fault(error) or Fault(Kind.DROPPED, f"{type(error).__name__}: {error}") from error
        if answer.status not in {307, 308} or "location" not in answer.headers or body is not None:
            break
        url = urljoin(url, answer.headers["location"])
    if 200 <= answer.status < 300:
        return answer
    code, message = _said(answer)
    raise status_fault(answer.status, code, message, answer.headers.get("retry-after"))


def parts_of(url: str) -> SplitResult:
    """Return the parts of an http(s) URL; UsageError for anything else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"the signed URL is no URL: {error}", where=url.partition("?")[0]) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("the signed URL is not an http(s) URL", where=url.partition("?")[0])
    return parts


def _once(
    method: str, parts: SplitResult, headers: Mapping[str, str], body: Iterable[bytes] | None, limits: Limits, most: int
) -> Answer:
    connection, target, to_proxy = _connection(parts, limits)
    try:
        connection.connect()
        connection.sock.settimeout(limits.stall)
        connection.putrequest(
            method, target, skip_host="host" in {name.lower() for name in headers}, skip_accept_encoding=True
        )
        for name, value in (*headers.items(), *to_proxy.items()):
            connection.putheader(name, value)
        try:
            connection.endheaders()
            for piece in body or ():
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError) as error:
            # A server may refuse before it has read everything, and says why.
            return _early(connection, most, error)
        return _answer(connection.getresponse(), most)
    finally:
        connection.close()


def _early(connection: http.client.HTTPConnection, most: int, broken: OSError) -> Answer:
    try:
        answer = _answer(connection.getresponse(), most)
    except (OSError, http.client.HTTPException):
        raise broken from None
    if answer.status < 300:
        raise broken
    return answer


def _answer(response: http.client.HTTPResponse, most: int) -> Answer:
    length = response.length
    # An error is read as far as it may explain itself.
    most = max(most, MOST_ERROR_TEXT) if response.status >= 400 else most
    content = response.read(most)
    if length is not None and len(content) < min(length, most):
        raise http.client.IncompleteRead(content, length - len(content))
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def _connection(parts: SplitResult, limits: Limits) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """Return the connection, through a proxy if there is one, what to ask for, and the proxy's headers."""
    host = parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = limits.proxy or urllib.request.getproxies().get(parts.scheme)
    if proxy and urllib.request.proxy_bypass(host):
        proxy = None
    if not proxy:
        if parts.scheme == "https":
            context = limits.trust or ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=limits.connect, context=context), target, {}
        return http.client.HTTPConnection(host, parts.port, timeout=limits.connect), target, {}
    through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    pass_on = {}
    if through.username:
        secret = f"{through.username}:{through.password or ''}".encode()
        pass_on = {"Proxy-Authorization": "Basic " + base64.b64encode(secret).decode()}
    if parts.scheme == "https":
        tunnel = http.client.HTTPSConnection(
            through.hostname or "",
            through.port,
            timeout=limits.connect,
            context=limits.trust or ssl.create_default_context(),
        )
        tunnel.set_tunnel(host, parts.port or 443, pass_on)
        return tunnel, target, {}
    plain = http.client.HTTPConnection(through.hostname or "", through.port, timeout=limits.connect)
    return plain, parts.geturl(), pass_on


def _said(answer: Answer) -> tuple[str, str]:
    """Return code and message of an error in the XML of S3, GCS and Azure, or the first words of anything else."""
    text = answer.content.decode("utf-8", "replace")
    code = re.search(r"<Code>([^<]*)</Code>", text)
    message = re.search(r"<Message>([^<]*)</Message>", text)
    details = re.search(r"<(?:Details|AuthenticationErrorDetail)>([^<]*)<", text)
    if code:
        return code[1], " ".join(found[1] for found in (message, details) if found)
    return "", text[:200]
