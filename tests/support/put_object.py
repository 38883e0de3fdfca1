"""Puts one object from a process of its own: ``put_object.py URI KEY SIZE [STALL_AT]``; for races and killed uploads.

With STALL_AT it prints ``stalled`` after that many bytes were read, and then reads nothing for ever.
"""

from __future__ import annotations

import hashlib
import io
import sys
import time

from flytectl_py.storage.registry import open_store


def content(size: int) -> bytes:
    """Return the same bytes for one size, different ones for another."""
    block = hashlib.sha256(str(size).encode()).digest() * 2048
    return (block * (size // len(block) + 1))[:size]


class Stalling(io.BytesIO):
    """Content that stops coming."""

    def __init__(self, data: bytes, at: int) -> None:
        super().__init__(data)
        self._at = at

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self._at:
            print("stalled", flush=True)
            time.sleep(3600)
        return super().read(size)


def main() -> None:
    uri, key, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    data = content(size)
    at = int(sys.argv[4]) if len(sys.argv) > 4 else size + 1
    store = open_store(uri)  # never closed: that must not matter to a process that ends
    done = store.put(key, lambda: Stalling(data, at), size=size, sha256=hashlib.sha256(data).hexdigest())
    print("uploaded" if done.uploaded else "there", flush=True)


if __name__ == "__main__":
    main()
