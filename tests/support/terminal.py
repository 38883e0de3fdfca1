"""A process on a terminal of its own, for what only shows there: colour, prompts, Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.process import Result

# The shell opens the terminal after it has begun a session of its own, which makes it the one that Ctrl-C comes from.
_ON_TERMINAL = 'exec 0<>"$0" 1>&0 2>&0; exec "$@"'


class Terminal:
    """A running process whose stdin, stdout and stderr are one terminal. Leaving its ``with`` block kills it.

    `expect` and `send` are pexpect's.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        timeout: float = 30.0,
    ) -> None:
        from pexpect import fdpexpect

        self.command = tuple(str(word) for word in command)
        self._start = time.perf_counter()
        self._fd, inner = os.openpty()
        try:
            termios.tcsetwinsize(self._fd, (rows, columns))
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _ON_TERMINAL, os.ttyname(inner), *self.command],
                cwd=cwd,
                env={"TERM": "xterm-256color", **env, "COLUMNS": str(columns)},
                stdin=subprocess.DEVNULL,
                stdout=inner,
                stderr=inner,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._fd)
            raise
        finally:
            os.close(inner)
        fcntl.fcntl(self._fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        self._spawn = fdpexpect.fdspawn(self._fd, encoding="utf-8", codec_errors="backslashreplace", timeout=timeout)
        self._seen: list[str] = []

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._spawn.close()

    def expect(self, pattern: str, timeout: float = -1) -> str:
        """Wait until `pattern` (a regular expression) is on the screen and return what came up to its end.

        :param timeout: seconds; -1 for the one given at the start.
        :raises pexpect.ExceptionPexpect: it did not come.
        """
        self._spawn.expect(pattern, timeout=timeout)
        text = str(self._spawn.before) + str(self._spawn.after)
        self._seen.append(text)
        return text

    def send(self, text: str) -> None:
        """Type `text`; ``"\\x03"`` is Ctrl-C."""
        self._spawn.send(text)

    def finish(self, timeout: float = 30.0) -> Result:
        """Wait for the end and return everything that was on the screen, newlines as ``\\n``."""
        import pexpect

        with contextlib.suppress(pexpect.EOF):
            self._spawn.expect(pexpect.EOF, timeout=timeout)
        rest: Any = self._spawn.before
        self._seen.append(rest if isinstance(rest, str) else "")
        code = self._process.wait(timeout)
        out = "".join(self._seen).replace("\r\n", "\n")
        return Result(self.command, code, out, "", time.perf_counter() - self._start, on_terminal=True)


def left_on_screen(out: str, columns: int = 80, rows: int = 200) -> list[str]:
    """Return the lines that a person still sees after all of `out` was printed, without trailing blanks."""
    import pyte

    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(out.replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]
