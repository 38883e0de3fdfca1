"""Refuses connections to other machines, from `install()` on; imports nothing that a bare Python has not."""

from __future__ import annotations

import sys
from typing import Any

refused: list[str] = []
"""What was asked for and refused so far, one line each."""

_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_RESOLVING = ("socket.getaddrinfo", "socket.gethostbyname")
_LOCAL_NAMES = ("", "localhost", "::", "::1", "0.0.0.0")

_installed = False


class NetworkRefusedError(RuntimeError):
    """The code under test wanted another machine. No OSError, or a retry would take it for a fault of the network."""


def install() -> None:
    """Start refusing. An audit hook cannot be taken away again, so this lasts for the life of the process."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)


def is_local(host: Any) -> bool:
    """Whether `host`, as given to the socket module, can only mean this machine."""
    if host is None:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    return text in _LOCAL_NAMES or text.startswith("127.")


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    host: Any = None
    if event in _CONNECTING:
        address = args[1]
        host = (
            address[0] if isinstance(address, tuple) else None
        )  # text or bytes: a Unix socket; None: connected before
    elif event in _RESOLVING:
        host = args[0]
    if not is_local(host):
        refused.append(f"{event} {host}")
        raise NetworkRefusedError(f"tests stay on this machine: {event} to {host!r} was refused")
