"""What a conversion asks of a store: to keep what is too large for a message, and to give it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from flytectl_py.model.tables import DataFrame


class Uploaded(NamedTuple):
    """Where something was put. `hash` names its content, if the store knows it; it enters cache keys."""

    uri: str
    hash: str | None = None


class Offload(Protocol):
    """The store of one run. Every method may block, and raises what the store raises.

    A caller that has an event loop converts in a thread of its own.
    """

    def put_bytes(self, data: bytes, name: str, /) -> Uploaded:
        """Keep `data` under a URI of its own, which ends in `name` where that is not empty."""

    def put_file(self, path: str, /) -> Uploaded:
        """Keep the local file `path`."""

    def put_folder(self, path: str, /) -> Uploaded:
        """Keep the local folder `path`."""

    def put_table(self, table: DataFrame, /) -> DataFrame:
        """Keep a table that is in memory, or written here, and return the one that is kept."""

    def get_bytes(self, uri: str, /) -> bytes:
        """Return what `put_bytes` kept."""
