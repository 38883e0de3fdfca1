"""Objects in this process's memory: a whole store without a disk, for tests and for trying things out."""

from __future__ import annotations

import threading

from flytectl_py.storage.api import Listed, ObjectInfo, Source, StoreOptions
from flytectl_py.storage.content import CHUNK, ContentStore, Meter, checked

_objects: dict[str, tuple[bytes, str]] = {}
_lock = threading.Lock()


class MemoryStore(ContentStore):
    """``memory://name/prefix``. Stores of one address share their objects; they go with the process."""

    def __init__(self, address: str, options: StoreOptions | None = None) -> None:
        super().__init__(address, options or StoreOptions())

    def _stat(self, key: str) -> ObjectInfo | None:
        with _lock:
            found = _objects.get(self.uri(key))
        return ObjectInfo(len(found[0]), found[1]) if found else None

    def _send(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        with checked(source, size, sha256, self.uri(key)) as reader:
            gathered = bytearray()
            while piece := reader.read(CHUNK):
                gathered += piece
                meter.at(len(gathered))
            reader.check()
        with _lock:
            _objects[self.uri(key)] = (bytes(gathered), sha256)

    def _read(self, key: str, start: int, length: int) -> bytes:
        with _lock:
            data, _ = _objects.get(self.uri(key), (b"", ""))
        return data[start : start + length]

    def _list(self, prefix: str) -> list[Listed]:
        below = f"{self.address}/"
        with _lock:
            found = {uri.removeprefix(below): len(data) for uri, (data, _) in _objects.items() if uri.startswith(below)}
        return [Listed(key, size) for key, size in found.items() if key.startswith(prefix)]

    def _remove(self, key: str) -> None:
        with _lock:
            _objects.pop(self.uri(key), None)
