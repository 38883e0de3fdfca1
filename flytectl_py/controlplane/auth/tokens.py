"""A token: what it is good for and for how long, read from a server's answer or from where it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

EARLY_SECONDS = 60.0
"""A token counts as expired this long before it is, or a fifth of its life: so that it does not expire on its way."""


@dataclass(frozen=True)
class Token:
    """A token. It never shows in a repr.

    :param access: what is sent. :param refresh: what another token is got with; empty where there is none.
    :param expires_at: from when on it is not used any more, in seconds since 1970; 0 where nobody said.
    """

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: float = 0.0

    @property
    def expired(self) -> bool:
        """Whether it is no use any more, or will not be in a moment."""
        return bool(self.expires_at) and time.time() > self.expires_at

    def text(self) -> str:
        """Return the token as it is kept."""
        return json.dumps({"access": self.access, "refresh": self.refresh, "expires_at": self.expires_at})


def kept_token(text: str) -> Token | None:
    """Return the token that was kept as `text`, or None where that is none."""
    try:
        said = json.loads(text)
        token = Token(str(said["access"]), str(said["refresh"]), float(said["expires_at"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return token if fits_a_header(token.access) else None


def fits_a_header(access: str) -> bool:
    """Whether a token can be sent at all: a line break, say, would end the header that it stands in."""
    return bool(access) and access.isprintable()


def token_of_answer(answer: Mapping[str, Any], before: Token | None = None) -> Token | None:
    """Return the token in the answer of a token endpoint (RFC 6749, 5.1), or None where there is none.

    :param before: the one that was refreshed; its refresh token stays where the answer brings none.
    """
    access = answer.get("access_token")
    if not isinstance(access, str) or not fits_a_header(access):
        return None
    refresh = answer.get("refresh_token") or (before.refresh if before else "")
    try:
        lasts = float(answer.get("expires_in") or 0)
    except (TypeError, ValueError):
        lasts = 0.0
    return Token(access, str(refresh), time.time() + lasts - min(EARLY_SECONDS, lasts / 5) if lasts > 0 else 0.0)


class TokenSource(Protocol):
    """One way to get a token."""

    async def fetch(self) -> Token:
        """Return a new token. :raises NotLoggedInError: there is none."""
        ...

    async def refresh(self, token: Token) -> Token | None:
        """Return the successor of a token, or None where it has none."""
        ...
