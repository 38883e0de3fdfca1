"""What can go wrong with a call to the control plane of the tests, and the queue of what goes wrong next."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from connectrpc.code import Code


@dataclass(frozen=True)
class Refuse:
    """Answer the call with an error of the protocol; `headers` go with it."""

    code: Code
    message: str = "said the test"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """Answer with this HTTP status, as a proxy or a store in between does."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True)
class Reset:
    """Break the connection: after `after` bytes of the request's body, or `messages` messages of the answer."""

    after: int = 0
    messages: int | None = None


@dataclass(frozen=True)
class Late:
    """Answer as ever, but only after `seconds`; a stream waits that long before each of its messages."""

    seconds: float


@dataclass(frozen=True)
class DoneThenLost:
    """Do what was asked, then break the connection without an answer."""


Trouble = Refuse | Status | Reset | Late | DoneThenLost

UNAVAILABLE = Refuse(Code.UNAVAILABLE, "upstream connect error")
TOO_MANY = Status(429, {"Retry-After": "1"}, b"too many requests")
ALREADY_EXISTS = Refuse(Code.ALREADY_EXISTS, "it exists")
EXPIRED = Refuse(Code.UNAUTHENTICATED, "token is expired")
BAD_MD5 = Status(
    400,
    {"Content-Type": "application/xml"},
    b"<Error><Code>BadDigest</Code><Message>The Content-MD5 you specified did not match.</Message></Error>",
)


class Troubles:
    """The faults that are waiting for their call."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Trouble]] = []
        self._lock = threading.Lock()

    def add(self, method: str, *troubles: Trouble) -> None:
        with self._lock:
            self._waiting += [(method, each) for each in troubles]

    def next_for(self, method: str) -> Trouble | None:
        """Take the next trouble for a call of `method`, e.g. ``RunService.CreateRun``, or PUT."""
        with self._lock:
            for place, (wanted, trouble) in enumerate(self._waiting):
                if wanted == method:
                    del self._waiting[place]
                    return trouble
        return None
