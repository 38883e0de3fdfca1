"""Where a control plane answers: the forms in which people write it, as one URL."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit


class Endpoint(NamedTuple):
    """An address.

    :param url: ``http://host:port`` or ``https://host:port``, without a slash at its end.
    :param written: as the person wrote it, for messages.
    """

    url: str
    written: str

    @property
    def host(self) -> str:
        """Return host and, where it was given, port; what tokens are kept under."""
        return urlsplit(self.url).netloc

    @property
    def encrypted(self) -> bool:
        """Whether others on the way can neither read nor change what is sent."""
        return self.url.startswith("https://")

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent never leaves the machine."""
        name = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")


def endpoint_of(written: str, *, insecure: bool = False) -> Endpoint:
    """Return the address that ``host``, ``host:port``, ``dns:///host:port``, ``http://host`` or ``https://host`` means.

    :param insecure: without encryption, where the address itself does not say ``http`` or ``https``.
    """
    scheme, separator, rest = written.partition("://")
    if separator and scheme in ("http", "https"):
        return Endpoint(f"{scheme}://{rest.rstrip('/')}", written)
    rest = rest.removeprefix("/") if separator else written
    return Endpoint(f"{'http' if insecure else 'https'}://{rest.rstrip('/')}", written)
