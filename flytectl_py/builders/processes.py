"""Programs that builders start: found, run with what they print taken line by line, and stopped when asked to."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, cast

GRACE_SECONDS = 10.0
"""How long a build that was told to stop may take over it."""


class Processes:
    """The programs that one builder has running. Safe to use from several threads."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.cancelled = False

    def cancel(self) -> None:
        """Tell all that run to stop, from any thread; who waits for them sees them end."""
        with self._lock:
            self.cancelled = True
            for process in self._running:
                _interrupt(process)

    def ask(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = 60.0
    ) -> tuple[int, str, str]:
        """Run a short command to its end and return its exit code and what it printed.

        A program that cannot be started, or does not end in time, is exit code 127 with the reason as its output.
        """
        try:
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return 127, "", f"{command[0]} did not answer within {timeout:.0f} s"
        except OSError as error:
            return 127, "", str(error)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def follow(
        self,
        command: Sequence[str],
        feed: Callable[[BinaryIO], None],
        line: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
    ) -> int:
        """Run a command in `folder`, let `feed` write its standard input, hand each line that it prints to `line`.

        It runs in a session of its own, so that Ctrl-C reaches it through here only: it is then asked to stop, and
        waited for. The same happens when `feed` raises, which is raised again.

        :return: its exit code.
        """
        with self._lock:
            if self.cancelled:
                return -signal.SIGINT
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        faults: list[BaseException] = []
        feeder = threading.Thread(target=_feed, args=(process, feed, faults), daemon=True)
        try:
            feeder.start()
            for raw in process.stdout or ():
                line(raw.decode(errors="replace").rstrip("\r\n"))
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)
            feeder.join(GRACE_SECONDS)
            if process.stdout is not None:
                process.stdout.close()
        if faults:
            raise faults[0]
        return code


def _feed(process: subprocess.Popen[bytes], feed: Callable[[BinaryIO], None], faults: list[BaseException]) -> None:
    stdin = cast(BinaryIO, process.stdin)
    try:
        feed(stdin)
    except BrokenPipeError:
        pass  # It ended early, and says itself why.
    except Exception as error:  # noqa: BLE001  raised again by who waits for the process
        faults.append(error)
        _interrupt(process)
        _end(process)
    finally:
        with contextlib.suppress(BrokenPipeError, ValueError):
            stdin.close()


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    _interrupt(process)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
