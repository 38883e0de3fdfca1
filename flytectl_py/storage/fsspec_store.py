"""What the stores on fsspec share: running requests on its event loop under a stall watch, and multipart uploads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import threading
import time
import weakref
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote, urlsplit

from flytectl_py.errors import FlyteError, NotReadyError, UsageError
from flytectl_py.storage.api import Listed, Source, StoreOptions
from flytectl_py.storage.content import CheckedReader, ContentStore, Meter, checked, finish_quietly
from flytectl_py.storage.fault import Fault, Kind, network_fault

T = TypeVar("T")

PARTS_AT_ONCE = 3
READ_STEP = 256 << 10
CLOSING_SECONDS = 5.0


class Pulse:
    """The last moment at which bytes moved, and whether the transfer is still wanted."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.stop = threading.Event()

    def beat(self) -> None:
        self.last = time.monotonic()


class Body(io.BytesIO):
    """The bytes of one request; the HTTP client takes them piece by piece as the connection accepts them."""

    def __init__(self, data: bytes, pulse: Pulse, moved: Callable[[int], None]) -> None:
        super().__init__(data)
        self.pulse = pulse
        self.moved = moved
        self._length = len(data)

    def __len__(self) -> int:
        return self._length

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.pulse.beat()
        self.moved(self.tell())
        return data


class FsspecStore(ContentStore):
    """A bucket or container and a prefix in it, reached through one fsspec file system."""

    extra: ClassVar[str]
    """The extra of this distribution that installs the provider's library."""
    whole_limit: ClassVar[int] = 16 << 20
    """Bytes up to which content goes in one request."""
    smallest_part: ClassVar[int] = 5 << 20
    most_parts: ClassVar[int] = 10_000

    def __init__(self, address: str, options: StoreOptions) -> None:
        super().__init__(address, options)
        self.container, self.prefix = self._split(address)
        self._lock = threading.Lock()
        self._opened: Any = None
        self._closing: Callable[[], object] | None = None

    @property
    def fs(self) -> Any:
        """The provider's file system, made on first use."""
        with self._lock:
            if self._opened is None:
                try:
                    self._opened = self._open()
                except ImportError as error:
                    raise NotReadyError(
                        f"{self.address} needs a library that is not installed: {error.name or error}",
                        hint=f"pip install 'flytectl-py[{self.extra}]'",
                        where=self.address,
                    ) from error
                except (FlyteError, Fault):
                    raise
                except Exception as error:
                    raise self._understood(error) from error
                # A store that nobody closes is closed when it is dropped, or at the end of the process.
                self._closing = weakref.finalize(self, _shut, self._opened, self._closed)
            return self._opened

    def close(self) -> None:
        with self._lock:
            closing, self._closing, self._opened = self._closing, None, None
        if closing is not None:
            closing()

    def _split(self, address: str) -> tuple[str, str]:
        """Return the bucket and the prefix of `address`."""
        parts = urlsplit(address)
        if not parts.netloc or parts.query or parts.fragment:
            raise UsageError(
                f"{address} names no bucket"
                if not parts.netloc
                else f"{address} holds more than a bucket and a prefix",
                hint=f"write {parts.scheme or 's3'}://BUCKET/PREFIX",
                where=address,
            )
        return parts.netloc, unquote(parts.path).strip("/")

    def _name(self, key: str) -> str:
        """Return the object's full name in its bucket."""
        return f"{self.prefix}/{key}" if self.prefix else key

    # -- a provider's own part --

    @abstractmethod
    def _open(self) -> Any:
        """Import the provider's library and make its file system."""

    @staticmethod
    async def _closed(opened: Any) -> None:
        """Close connections that the file system leaves open when it is dropped."""

    @abstractmethod
    def _fault(self, error: Exception) -> Fault | None:
        """Return what the provider's own exception means, None for one that is not its own."""

    @abstractmethod
    async def _put_whole(self, name: str, body: Body, data: bytes, sha256: str) -> None: ...

    @abstractmethod
    async def _begin(self, name: str, size: int, sha256: str) -> Any:
        """Begin a multipart upload and return what names it."""

    @abstractmethod
    async def _put_part(self, name: str, upload: Any, number: int, body: Body, data: bytes) -> Any:
        """Send part `number`, from 1, and return what `_finish` needs to know of it."""

    @abstractmethod
    async def _finish(self, name: str, upload: Any, parts: list[Any], sha256: str) -> None:
        """Make the object visible."""

    @abstractmethod
    async def _abort(self, name: str, upload: Any) -> None:
        """Give up a multipart upload."""

    @abstractmethod
    async def _range(self, name: str, start: int, length: int, pulse: Pulse) -> bytes: ...

    # -- shared --

    def _read(self, key: str, start: int, length: int) -> bytes:
        return self._run(lambda pulse: self._range(self._name(key), start, length, pulse))

    def _list(self, prefix: str) -> list[Listed]:
        name = "/".join(part for part in (self.prefix, prefix) if part)

        async def ask(_: Pulse) -> dict[str, Any]:
            try:
                # A name that is an object may be found as well; adlfs gives a list then.
                found = await self.fs._find(f"{self.container}/{name}" if name else self.container, detail=True)
            except FileNotFoundError:
                return {}
            return found if isinstance(found, dict) else {}

        skipped = len(self.container) + 1 + (len(self.prefix) + 1 if self.prefix else 0)
        found = self._run(ask)
        return [
            Listed(full[skipped:], int(info.get("size") or 0))
            for full, info in found.items()
            if info.get("type") != "directory"
        ]

    def _send(self, key: str, source: Source, size: int, sha256: str, meter: Meter) -> None:
        with checked(source, size, sha256, self.uri(key)) as reader:
            if size > self.whole_limit:
                self._send_parts(key, reader, size, sha256, meter)
                return
            data = reader.read(size)
            reader.check()
        name = self._name(key)
        self.retry.call(
            lambda: self._run(lambda pulse: self._put_whole(name, Body(data, pulse, meter.at), data, sha256))
        )

    def _send_parts(self, key: str, reader: CheckedReader, size: int, sha256: str, meter: Meter) -> None:
        name = self._name(key)
        upload = self.retry.call(lambda: self._run(lambda _: self._begin(name, size, sha256)))
        try:
            parts = self._sent_parts(name, upload, reader, size, meter)
            reader.check()
            self._completed(key, upload, parts, size, sha256)
        except BaseException as error:
            finish_quietly(lambda: self._run(lambda _: self._abort(name, upload)))
            if isinstance(error, Fault) and error.kind is Kind.MISSING:
                raise Fault(Kind.OTHER, "it no longer knows the upload; run the command again") from error
            raise

    def _sent_parts(self, name: str, upload: Any, reader: CheckedReader, size: int, meter: Meter) -> list[Any]:
        stop = threading.Event()
        retry = replace(self.retry, sleep=stop.wait)

        def send(number: int, data: bytes) -> Any:
            return retry.call(
                lambda: self._run(
                    lambda pulse: self._put_part(
                        name, upload, number, Body(data, pulse, lambda done: meter.at(done, number)), data
                    ),
                    stop,
                )
            )

        sent: list[Any] = []
        waiting: deque[Future[Any]] = deque()
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="upload") as pool:
            try:
                for number, data in enumerate(self._pieces(reader, size), 1):
                    # Bounded, so that memory holds a few parts and not the whole content.
                    if len(waiting) >= PARTS_AT_ONCE:
                        sent.append(waiting.popleft().result())
                    waiting.append(pool.submit(send, number, data))
                sent += [each.result() for each in waiting]
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return sent

    def _pieces(self, reader: CheckedReader, size: int) -> Iterator[bytes]:
        part = max(self.options.part_size, self.smallest_part, -(-size // self.most_parts))
        part = -(-part // READ_STEP) * READ_STEP
        while data := reader.read(part):
            yield data

    def _completed(self, key: str, upload: Any, parts: list[Any], size: int, sha256: str) -> None:
        def attempt() -> None:
            try:
                self._run(lambda _: self._finish(self._name(key), upload, parts, sha256))
            except Fault as fault:
                if fault.kind is not Kind.MISSING:
                    raise
                # The answer to an earlier attempt may have been lost; then the upload is gone and the object there.
                if not self._has(key, size, sha256):
                    raise

        self.retry.call(attempt)

    def _run(self, make: Callable[[Pulse], Coroutine[Any, Any, T]], stop: threading.Event | None = None) -> T:
        """Run one request on fsspec's loop, and give it up when no byte moved for the stall timeout."""
        pulse = Pulse()
        stall = self.options.stall_timeout
        loop = self.fs.loop
        task = asyncio.run_coroutine_threadsafe(make(pulse), loop)
        try:
            while True:
                try:
                    return task.result(min(0.5, stall))
                except concurrent.futures.TimeoutError as error:
                    if task.done():
                        raise Fault(Kind.STALLED, str(error)) from error
                if stop is not None and stop.is_set():
                    raise Fault(Kind.OTHER, "given up, because another part failed")
                if time.monotonic() - pulse.last > stall:
                    raise Fault(Kind.STALLED, f"{stall:g} s")
        except (Fault, FlyteError):
            raise
        except Exception as error:
            raise self._understood(error) from error
        finally:
            task.cancel()

    def _understood(self, error: Exception) -> Fault:
        return self._fault(error) or network_fault(error) or Fault(Kind.OTHER, f"{type(error).__name__}: {error}")


def _shut(opened: Any, closed: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.run_coroutine_threadsafe(closed(opened), opened.loop)
    try:
        on_loop = asyncio.get_running_loop() is opened.loop
    except RuntimeError:
        on_loop = False
    if not on_loop:
        # Whatever happens to connections that are given up is nobody's trouble any more.
        concurrent.futures.wait([task], CLOSING_SECONDS)
