"""An HTTP server of objects that fails on demand, alone or in front of another server."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Status:
    """Answer with this status, after reading the body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True)
class DropBody:
    """Read this many bytes of the request's body, then break the connection."""

    after: int = 0


@dataclass(frozen=True)
class DropAnswer:
    """Do what was asked, send this many bytes of the answer's content, then break the connection; -1: not a byte."""

    after: int = -1


@dataclass(frozen=True)
class Stall:
    """Neither read nor answer until the server ends."""


@dataclass(frozen=True)
class Corrupt:
    """Do what was asked, with the answer's content changed."""


Trouble = Status | DropBody | DropAnswer | Stall | Corrupt


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    content: bytes


class FaultyServer:
    """What it was asked, what it holds, and what goes wrong next."""

    def __init__(self, upstream: str = "") -> None:
        self.upstream = upstream
        self.objects: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.troubles: list[tuple[str, str, Trouble]] = []
        self.ending = threading.Event()
        self.url = ""
        self._lock = threading.Lock()

    def fail(self, method: str, *troubles: Trouble, path: str = "") -> None:
        """Let the next requests with `method`, and `path` in what they ask for, fail, one trouble each."""
        self.troubles += [(method, path, trouble) for trouble in troubles]

    def trouble_for(self, method: str, path: str) -> Trouble | None:
        with self._lock:
            for place, (wanted, part, trouble) in enumerate(self.troubles):
                if wanted == method and part in path:
                    del self.troubles[place]
                    return trouble
        return None

    def requests(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method]


@contextlib.contextmanager
def faulty_server(upstream: str = "") -> Iterator[FaultyServer]:
    """Yield a server; its `url` is the root. With `upstream` it passes on what does not fail."""
    state = FaultyServer(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: FaultyServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def _serve(self) -> None:
        state = self.state
        trouble = state.trouble_for(self.command, self.path)
        if isinstance(trouble, Stall):
            state.asked.append(Asked(self.command, self.path, dict(self.headers), b""))
            state.ending.wait()
            self._break()
            return
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(min(length, trouble.after) if isinstance(trouble, DropBody) else length)
        state.asked.append(Asked(self.command, self.path, dict(self.headers), content))
        if isinstance(trouble, DropBody) or len(content) < length:
            self._break()
            return
        if isinstance(trouble, Status):
            self._answer(trouble.status, trouble.headers, trouble.content)
            return
        status, headers, answer = self._passed_on(content) if state.upstream else self._held(content)
        if isinstance(trouble, Corrupt):
            answer = bytes(byte ^ 255 for byte in answer)
        self._answer(status, headers, answer, trouble.after if isinstance(trouble, DropAnswer) else None)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve

    def _held(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        objects, name = self.state.objects, urlsplit(self.path).path
        if self.command == "PUT":
            objects[name] = content
            return 201, {}, b""
        if name not in objects:
            return 404, {}, b"<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"
        held = objects[name]
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(held)), len(held) - 1)
        if start >= len(held):
            return 416, {"Content-Range": f"bytes */{len(held)}"}, b""
        return 206, {"Content-Range": f"bytes {start}-{end}/{len(held)}"}, held[start : end + 1]

    def _passed_on(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = urlsplit(self.state.upstream)
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
        try:
            connection.request(self.command, self.path, content or None, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes, only: int | None = None) -> None:
        if only == -1:
            self._break()
            return
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        length = str(len(content))
        if self.command == "HEAD":
            length = next((value for name, value in headers.items() if name.lower() == "content-length"), "0")
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content if only is None else content[:only])
        if only is not None:
            self.wfile.flush()
            self._break()

    def _break(self) -> None:
        # Linger of zero: the other side sees a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
