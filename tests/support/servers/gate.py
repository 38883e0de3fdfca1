"""A gate before a server: connections pass while it is open, and are refused while it is shut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.support.servers.running import free_port


class Gate:
    """Forwards a port of this machine to another one."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._listening: socket.socket | None = None
        self._passing: set[socket.socket] = set()

    def open(self) -> None:
        """Let connections pass from now on."""
        opened = socket.create_server(("127.0.0.1", self.port))
        self._listening = opened
        threading.Thread(target=self._accept, args=(opened,), daemon=True).start()

    def shut(self) -> None:
        """Break what passes, and refuse what comes."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._listening.close()
            self._listening = None
        for each in list(self._passing):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, opened: socket.socket) -> None:
        while True:
            try:
                client, _ = opened.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._passing |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._passing.discard(each)


@contextlib.contextmanager
def gate(target: int) -> Iterator[Gate]:
    """Yield an open gate to a port of this machine."""
    made = Gate(target)
    made.open()
    try:
        yield made
    finally:
        made.shut()
        for thread in threading.enumerate():
            if getattr(thread, "_target", None) in (made._accept, made._forward):
                thread.join(5)
