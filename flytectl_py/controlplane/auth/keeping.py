"""Where tokens are kept from one command to the next: the system's keyring, else a file that only its owner reads."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from flytectl_py.controlplane.auth.tokens import Token, kept_token

SERVICE = "flyte"


class Keeper(Protocol):
    """Keeps one token: of one endpoint, for one client."""

    def load(self) -> Token | None:
        """Return the token, or None."""
        ...

    def save(self, token: Token) -> None:
        """Keep the token instead of the one before; that it cannot be kept is no error."""
        ...

    def forget(self) -> None:
        """Keep none."""
        ...


def keeper_for(host: str, client: str, home: Path | None = None, *, in_file: bool = False) -> Keeper:
    """Return the place for the tokens of one endpoint.

    :param host: host and port. :param client: who logs in there, e.g. a client id.
    :param in_file: leave the system's keyring alone.
    """
    ring = None if in_file else _keyring()
    if ring is not None:
        return RingKeeper(ring, f"{SERVICE}:{host}", client)
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", host)
    digest = hashlib.sha256(f"{host}\0{client}".encode()).hexdigest()[:12]
    return FileKeeper((home or Path.home()) / ".flyte" / "credentials" / f"{name}-{digest}.json")


def _keyring() -> Any:
    """Return the system's keyring, or None where there is none that works."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        ring = keyring.get_keyring()
        # Where nothing is there to keep anything, the library has a backend that always fails, of priority 0.
        return ring if getattr(ring, "priority", 0) > 0 else None
    except (KeyringError, RuntimeError):
        return None


class RingKeeper:
    """Keeps a token in a keyring."""

    def __init__(self, ring: Any, service: str, user: str) -> None:
        self._ring = ring
        self._service = service
        self._user = user

    def load(self) -> Token | None:
        found = None
        with self._working():
            found = self._ring.get_password(self._service, self._user)
        return kept_token(found) if found else None

    def save(self, token: Token) -> None:
        with self._working():
            self._ring.set_password(self._service, self._user, token.text())

    def forget(self) -> None:
        with self._working():
            self._ring.delete_password(self._service, self._user)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        # A keyring that is locked, or that somebody has taken away, costs a log-in and nothing else.
        from keyring.errors import KeyringError

        with contextlib.suppress(KeyringError, RuntimeError):
            yield


class FileKeeper:
    """Keeps a token in a file of mode 0600, in a folder of mode 0700."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Token | None:
        try:
            return kept_token(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None

    def save(self, token: Token) -> None:
        # Where the home cannot be written, as in a container, the token lasts as long as the process.
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes it 0600 from the start; renaming makes it whole or not there.
            number, written = tempfile.mkstemp(dir=self.path.parent, prefix=".new-")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(token.text())
                os.replace(written, self.path)
            except BaseException:
                os.unlink(written)
                raise

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()
