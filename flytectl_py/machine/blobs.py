"""Where the data of runs is: a folder or any store, by address; and tickets, the signed URLs of this control plane."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

from flytectl_py.machine.database import Database
from flytectl_py.runtime.places import Places, local_path

KEY_BYTES = 32


class BadTicketError(Exception):
    """A URL that this control plane did not sign, or whose time is over."""


class BadContentError(Exception):
    """What arrived is not what the URL was signed for."""


class Ticket(NamedTuple):
    """What a signed URL is good for: one object, until a moment; `md5` in hexadecimal, empty for any content."""

    uri: str
    md5: str
    expires: float


class Tickets:
    """Makes and reads the last part of signed URLs. The key outlives the process."""

    def __init__(self, database: Database) -> None:
        with database.transaction():
            database.change("INSERT OR IGNORE INTO facts VALUES ('key', ?)", os.urandom(KEY_BYTES))
        found = database.row("SELECT value FROM facts WHERE name = 'key'")
        self._key = bytes(found["value"]) if found is not None else b""

    def sign(self, ticket: Ticket) -> str:
        """Return the ticket as text that can stand in a URL."""
        said = base64.urlsafe_b64encode(json.dumps(ticket).encode()).decode().rstrip("=")
        return f"{said}.{self._seal(said)}"

    def read(self, text: str) -> Ticket:
        """Return the ticket.

        :raises BadTicketError: it is not one of ours, or has expired.
        """
        said, _, seal = text.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(said).encode()):
            raise BadTicketError("this URL was not signed here")
        ticket = Ticket(*json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))))
        if time.time() > ticket.expires:
            raise BadTicketError("this URL has expired")
        return ticket

    def _seal(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()


class Blobs:
    """Objects below `root`, a URI, and anywhere else that a run says. Blocking work is done in threads."""

    def __init__(self, root: str, scratch: Path, environ: Mapping[str, str]) -> None:
        self.root = root.rstrip("/")
        self._scratch = scratch
        self._places = Places(environ)

    def uri(self, *parts: str) -> str:
        """Return the address of an object below the root."""
        return "/".join([self.root, *(part.strip("/") for part in parts if part)])

    async def read(self, uri: str) -> bytes:
        """Return the content of an object. Raises as `Places.read`."""
        return await asyncio.to_thread(self._places.read, uri)

    async def find(self, uri: str) -> bytes | None:
        """Return the content of an object, or None where there is none."""
        return await asyncio.to_thread(self._places.find, uri)

    async def write(self, uri: str, content: bytes) -> None:
        """Store an object, whole or not at all."""
        await asyncio.to_thread(self._places.write, uri, content)

    async def take(self, ticket: Ticket, body: AsyncIterator[bytes]) -> None:
        """Store what arrives, if it is what the ticket is for.

        :raises BadContentError: it has another MD5.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        local = local_path(ticket.uri)
        arriving = self._scratch / os.urandom(8).hex()
        if local is not None:
            local.parent.mkdir(parents=True, exist_ok=True)
            arriving = local.with_name(f".{local.name}.{arriving.name}")
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with arriving.open("wb") as out:
                async for piece in body:
                    digest.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            if ticket.md5 and digest.hexdigest() != ticket.md5:
                raise BadContentError(f"the MD5 of what arrived is {digest.hexdigest()}, and not {ticket.md5}")
            if local is not None:
                arriving.replace(local)
            else:
                await asyncio.to_thread(self._places.upload, ticket.uri, arriving)
        finally:
            arriving.unlink(missing_ok=True)

    def close(self) -> None:
        """Give back connections."""
        self._places.close()
