"""Starting a server in a process of its own on a free port, waiting until it answers, and always ending it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

GUARD = Path(__file__).with_name("guarded.py")
PATIENCE_SECONDS = 90.0
TRIES = 3


class ServerFailedError(RuntimeError):
    """The server did not come up; the message holds the end of its log."""


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fresh_name() -> str:
    """Return a name for a bucket that nobody has."""
    return f"bucket-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def running(
    command: Callable[[int], list[str]], answers: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run the server that `command` gives for a port and yield its URL; `answers` is a path it answers to."""
    for attempt in range(1, TRIES + 1):
        port = free_port()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(GUARD), *command(port)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        try:
            # Somebody else may have taken the port in between: then the next try takes another.
            if _comes_up(process, port, answers):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)
        if attempt == TRIES:
            raise ServerFailedError(f"{command(port)[0]} did not answer:\n{log.read_text(errors='replace')[-2000:]}")


def _comes_up(process: subprocess.Popen[bytes], port: int, path: str) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return True
        finally:
            connection.close()
    return False
