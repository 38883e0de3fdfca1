"""A transport that asks no server who it is, for `insecure_skip_verify`: the usual one cannot be told so."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator
from urllib.parse import SplitResult, urlsplit

from pyqwest import Headers, HTTPVersion, ReadError, RemoteProtocolError, Request, Response

PIECE = 64 << 10
# Content would arrive compressed, and nobody after us unpacks it; the connection is used once.
NOT_PASSED_ON = frozenset({"accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding"})


class UnverifiedTransport:
    """HTTP/1.1 with encryption but without a look at certificates; one connection for each request."""

    def __init__(self, connect_seconds: float, proxy_url: str | None) -> None:
        self._connect_seconds = connect_seconds
        self._proxy_url = proxy_url

    async def execute(self, request: Request) -> Response:
        """Send one request and return its answer, whose content arrives as it is read.

        :raises ConnectionError: no connection came about. :raises RemoteProtocolError: it broke afterwards.
        """
        content = request.content
        body = content if isinstance(content, bytes) else b"".join([piece async for piece in content])
        parts = urlsplit(request.url)
        connection, target, extra = self._connection(parts)
        try:
            await asyncio.to_thread(_connect, connection)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ConnectionError(str(error)) from error
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON} | extra
        try:
            answer = await asyncio.to_thread(_exchange, connection, request.method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            _hang_up(connection)
            raise RemoteProtocolError(str(error) or "the connection broke") from error
        except asyncio.CancelledError:
            _hang_up(connection)
            raise
        return Response(
            status=answer.status,
            http_version=HTTPVersion.HTTP1,
            headers=Headers(answer.getheaders()),
            content=_pieces(connection, answer),
        )

    def _connection(self, parts: SplitResult) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
        """Return the connection, what to ask for on it, and headers for a proxy."""
        host, port = parts.hostname or "", parts.port
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = self._proxy_url or urllib.request.getproxies().get(parts.scheme)
        if not proxy or urllib.request.proxy_bypass(host):
            if parts.scheme == "https":
                return _encrypted(host, port or 443, self._connect_seconds), target, {}
            return http.client.HTTPConnection(host, port, timeout=self._connect_seconds), target, {}
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        known = {}
        if through.username:
            secret = f"{through.username}:{through.password or ''}".encode()
            known = {"Proxy-Authorization": "Basic " + base64.b64encode(secret).decode()}
        if parts.scheme == "https":
            tunnel = _encrypted(through.hostname or "", through.port or 80, self._connect_seconds)
            tunnel.set_tunnel(host, port or 443, known)
            return tunnel, target, {}
        plain = http.client.HTTPConnection(through.hostname or "", through.port, timeout=self._connect_seconds)
        return plain, parts.geturl(), known


def _encrypted(host: str, port: int, seconds: float) -> http.client.HTTPSConnection:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)


def _connect(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    # The call's own deadline counts from here on.
    connection.sock.settimeout(None)


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, headers: dict[str, str], body: bytes
) -> http.client.HTTPResponse:
    connection.request(method, target, body=body, headers=headers)
    return connection.getresponse()


async def _pieces(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(answer.read1, PIECE):
            yield piece
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ReadError(str(error) or "the connection broke") from error
    finally:
        _hang_up(connection)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    # Closing alone would leave a thread that reads waiting for ever.
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
