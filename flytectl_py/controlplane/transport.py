"""How HTTP requests leave the machine: encryption, proxies, limits; and what each answer's head said."""

from __future__ import annotations

import atexit
import os
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyqwest import HTTPTransport, Proxy, Request, Response, Transport

from flytectl_py.errors import NotReadyError

if TYPE_CHECKING:
    import ssl

    from flytectl_py.config.api import Settings

CONNECT_SECONDS = 10.0

# The library's own threads drop what they hold of a call shortly after it has ended. One that comes to it while Python
# is shutting down takes the process with it (SIGABRT), so the last call and the shutdown must not be that close.
LAST_WORD_SECONDS = 0.03
atexit.register(time.sleep, LAST_WORD_SECONDS)


@dataclass
class Head:
    """Status and headers (names in lower case) of an answer; 0 and nothing until one came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)


# A call's attempt puts a Head here and finds it filled: the RPC library's errors tell neither status nor headers.
current_head: ContextVar[Head | None] = ContextVar("controlplane_head", default=None)


class Wire:
    """The transport of one control plane; close it.

    :param proxy: the URL of the proxy that the settings name, for other clients of the same settings too.
    """

    def __init__(
        self, transport: HTTPTransport | Transport, certificates: bytes | None = None, proxy: str = ""
    ) -> None:
        self.proxy = proxy
        self._transport = transport
        self._certificates = certificates

    def trust(self) -> ssl.SSLContext | None:
        """Return whose certificates are good, for other clients of the same settings; None: whom the system trusts."""
        if isinstance(self._transport, HTTPTransport) and self._certificates is None:
            return None
        import ssl

        context = ssl.create_default_context()
        if self._certificates is not None:
            context.load_verify_locations(cadata=self._certificates.decode("ascii", "ignore"))
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async def execute(self, request: Request) -> Response:
        """Send one request and note the head of its answer."""
        response = await self._transport.execute(request)
        head = current_head.get()
        if head is not None:
            head.status = response.status
            head.headers = {name.lower(): value for name, value in response.headers.items()}
        return response

    async def close(self) -> None:
        """Give back all connections."""
        if isinstance(self._transport, HTTPTransport):
            await self._transport.aclose()


def open_wire(settings: Settings) -> Wire:
    """Return a transport as the settings want it. Nothing is sent yet.

    :raises NotReadyError: the file of certificates cannot be read.
    """
    if settings.insecure_skip_verify:
        from flytectl_py.controlplane.unverified import UnverifiedTransport

        return Wire(UnverifiedTransport(CONNECT_SECONDS, settings.http_proxy_url), proxy=settings.http_proxy_url or "")
    proxy = None
    if settings.http_proxy_url:
        proxy = Proxy(settings.http_proxy_url, no_proxy=os.environ.get("NO_PROXY") or os.environ.get("no_proxy"))
    certificates = _certificates(settings.ca_cert_file_path) if settings.ca_cert_file_path else None
    try:
        transport = HTTPTransport(
            tls_ca_cert=certificates,
            tls_include_system_certs=True,
            proxy=proxy,
            connect_timeout=CONNECT_SECONDS,
            # Credentials must not follow a redirect to another machine.
            follow_redirects=False,
            use_system_dns=True,
            enable_otel=False,
        )
    except (RuntimeError, ValueError) as error:
        if certificates is None:
            raise
        raise NotReadyError(
            "the file of certificates holds one that cannot be read",
            hint="give a whole .pem file",
            where=settings.ca_cert_file_path or "",
        ) from error
    return Wire(transport, certificates, settings.http_proxy_url or "")


def _certificates(path: str) -> bytes:
    try:
        found = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise NotReadyError(
            f"the file of certificates cannot be read: {error.strerror}",
            hint="correct admin.caCertFilePath (ca_cert_file_path)",
            where=path,
        ) from None
    if b"-----BEGIN CERTIFICATE-----" not in found:
        raise NotReadyError("the file of certificates holds none in PEM form", hint="give a .pem file", where=path)
    return found
