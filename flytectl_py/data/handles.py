"""What ``File.open`` returns: one object that is a file for blocking code, and in ``async with`` one for coroutines."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any

from flytectl_py.data.aside import aside
from flytectl_py.data.opening import Streams

_LINES = 1 << 16
"""Characters that ``async for`` fetches at a time."""


class OpenedFile:
    """A file that is opened when it is first used, and closed with its ``with`` block, by `close`, or when dropped.

    It has the methods of Python's own file objects.
    """

    def __init__(self, start: Callable[[], Streams], path: str, mode: str) -> None:
        self._start = start
        self._streams: Streams | None = None
        self._lock = threading.Lock()
        self.name = path
        self.mode = mode
        self.closed = False

    @property
    def stream(self) -> Any:
        """The stream itself."""
        with self._lock:
            if self.closed:
                raise ValueError("I/O operation on closed file")
            if self._streams is None:
                self._streams = self._start()
            return self._streams.top

    @property
    def writes(self) -> bool:
        """Whether it was opened for writing."""
        return "r" not in self.mode or "+" in self.mode

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self.stream, name)
        # A method keeps this object, and so the stream open: in `file.open().read()` nothing else does.
        return functools.partial(_call, self, name) if callable(found) else found

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.stream)

    def close(self) -> None:
        """Close it. What was written to a store appears there now.

        :raises NotReadyError: the store did not take it.
        """
        with self._lock:
            streams, self._streams = self._streams, None
            unopened = streams is None and not self.closed and self.writes
            self.closed = True
        if unopened:
            streams = self._start()  # A file that nothing was written to is there all the same.
        if streams is not None:
            streams.close()

    def discard(self) -> None:
        """Close it; what was written to a store does not appear there."""
        with self._lock:
            streams, self._streams = self._streams, None
            self.closed = True
        if streams is not None:
            streams.discard()
            streams.close()

    def __enter__(self) -> Any:
        return self.stream

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    async def __aenter__(self) -> AsyncFile:
        await aside(lambda: self.stream)
        return AsyncFile(self)

    async def __aexit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        await aside(self.close if kind is None else self.discard)

    def __del__(self) -> None:
        if self._streams is None:
            return
        if self.writes:
            warnings.warn(
                f"{self.name} was opened for writing and never closed: use `with`", RuntimeWarning, stacklevel=2
            )
        self.discard()

    def __repr__(self) -> str:
        return f"<{'closed' if self.closed else 'open'} file {self.name!r}, mode {self.mode!r}>"


def _call(file: OpenedFile, method: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(file.stream, method)(*args, **kwargs)


class AsyncFile:
    """An opened file for coroutines: its methods are awaited, and ``async for`` goes through the lines."""

    def __init__(self, file: OpenedFile) -> None:
        self._file = file

    @property
    def name(self) -> str:
        """The path or URI."""
        return self._file.name

    @property
    def mode(self) -> str:
        """As it was opened."""
        return self._file.mode

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._file.closed

    async def read(self, size: int = -1, /) -> Any:
        """Return the next `size` bytes or characters, or all that is left."""
        return await aside(lambda: self._file.stream.read(size))

    async def readline(self, size: int = -1, /) -> Any:
        """Return the next line."""
        return await aside(lambda: self._file.stream.readline(size))

    async def readlines(self, hint: int = -1, /) -> list[Any]:
        """Return the lines that are left; with `hint`, about that many bytes of them."""
        lines: list[Any] = await aside(lambda: self._file.stream.readlines(hint))
        return lines

    async def write(self, data: Any, /) -> int:
        """Write `data` and return how much that was."""
        written: int = await aside(lambda: self._file.stream.write(data))
        return written

    async def writelines(self, lines: Any, /) -> None:
        """Write each of `lines`."""
        await aside(lambda: self._file.stream.writelines(lines))

    async def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, and return it."""
        place: int = await aside(lambda: self._file.stream.seek(offset, whence))
        return place

    async def tell(self) -> int:
        """Return the place."""
        place: int = await aside(self._file.tell)
        return place

    async def flush(self) -> None:
        """Hand on what is buffered."""
        await aside(self._file.flush)

    async def close(self) -> None:
        """As `OpenedFile.close`."""
        await aside(self._file.close)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while lines := await self.readlines(_LINES):
            for line in lines:
                yield line
