"""The process of a control plane: ``python -m flytectl_py.machine.serve HOME PORT STORE EXECUTOR [tied]``."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import uvicorn

from flytectl_py.errors import ConflictError, FlyteError, NotReadyError
from flytectl_py.machine.executors.registry import make_executor
from flytectl_py.machine.plane import Plane
from flytectl_py.machine.scheduler import Scheduler
from flytectl_py.machine.server import Application

HOST = "127.0.0.1"
LOCK = "plane.lock"
STATE = "plane.json"

log = logging.getLogger("flyte.machine")


def serve(home: Path, port: int, store: str = "", executor: str = "process", *, tied: bool = False) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP.

    :param port: 0 for any that is free. :param store: URI of where data goes, a folder in `home` unless given.
    :param tied: serve only until the standard input ends, which it does with whoever started this, and remove `home`.
    :raises ConflictError: a control plane with that home runs already.
    :raises NotReadyError: the port is taken, or the home cannot be written.
    """
    home = home.absolute()
    with _held(home / LOCK), _cleared(home / STATE), _listening(port) as opened:
        url = f"http://localhost:{opened.getsockname()[1]}"
        store = store or (home / "blobs").as_uri()
        plane = Plane(home, url, make_executor(executor, home, store), store=store)
        try:
            said = {"pid": os.getpid(), "url": url, "executor": executor, "store": plane.blobs.root}
            _write(home / STATE, json.dumps(said))
            log.info("%s: executor %s, data in %s", url, executor, plane.blobs.root)
            asyncio.run(_serve(plane, opened, tied=tied))
            log.info("stopped")
        finally:
            plane.close()
        if tied:
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _cleared(state: Path) -> Iterator[None]:
    """Remove, before anything answers and at the end, what says where a control plane is: a killed one leaves it."""
    state.unlink(missing_ok=True)
    try:
        yield
    finally:
        state.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """A server that leaves signals to the loop below."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


async def _serve(plane: Plane, opened: socket.socket, *, tied: bool) -> None:
    scheduler = Scheduler(plane)
    server = _Server(
        uvicorn.Config(
            Application(plane, scheduler.wake), loop="asyncio", http="h11", ws="none", lifespan="off",
            log_config=None, access_log=False, timeout_graceful_shutdown=1, backlog=2048, timeout_keep_alive=60,
        )
    )  # fmt: skip
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    if tied:

        def read() -> None:
            if not os.read(0, 1):
                loop.remove_reader(0)
                ending.set()

        loop.add_reader(0, read)
    scheduling = asyncio.create_task(scheduler.run())
    answering = asyncio.create_task(server.serve([opened]))
    stopping = asyncio.create_task(ending.wait())
    await asyncio.wait({scheduling, answering, stopping}, return_when=asyncio.FIRST_COMPLETED)
    scheduling.cancel()
    results = await asyncio.gather(scheduling, return_exceptions=True)
    await scheduler.stop()
    server.should_exit = True
    await answering
    stopping.cancel()
    await plane.executor.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


class _held:  # noqa: N801  a context manager
    """Hold the lock of a home for as long as this process lives, however it ends."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: IO[str] | None = None

    def __enter__(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._opened = self._file.open("a")
            fcntl.flock(self._opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"a control plane with the home {self._file.parent} runs already",
                hint="'flyte status' shows it, 'flyte stop' stops it",
            ) from error
        except OSError as error:
            raise NotReadyError(
                f"cannot write {error.filename}: {error.strerror}",
                hint="give another folder in FLYTE_MACHINE_HOME",
                where=str(self._file.parent),
            ) from error

    def __exit__(self, *exc: Any) -> None:
        if self._opened is not None:
            self._opened.close()


def _listening(port: int) -> socket.socket:
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
        opened.listen(2048)
    except OSError as error:
        opened.close()
        raise NotReadyError(
            f"cannot listen on {HOST}:{port}: {error.strerror}", hint="choose another port with --port"
        ) from error
    return opened


def _write(file: Path, text: str) -> None:
    growing = file.with_name(f".{file.name}.{os.getpid()}")
    growing.write_text(text, encoding="utf-8")
    growing.replace(file)


def main(arguments: list[str]) -> int:
    """Serve as the arguments say; return the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    home, port, store, executor, *tied = arguments
    try:
        serve(Path(home), int(port), store, executor, tied=bool(tied))
    except FlyteError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
