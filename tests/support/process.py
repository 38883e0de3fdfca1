"""Starts real processes in a clean environment and returns what they said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.json_documents import check_printed, check_screen

OFFLINE = Path(__file__).parent / "offline"
SCRIPTS = Path(sys.executable).parent
FLYTE = str(SCRIPTS / "flyte")
PYTHON = sys.executable


@dataclass(frozen=True)
class Result:
    """How a process ended. `seconds` is wall time; on a terminal `out` holds everything and `err` nothing.

    What `flyte` prints under --json is checked against its schema, whatever the test looks at.
    """

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    on_terminal: bool = False

    def __post_init__(self) -> None:
        check = check_screen if self.on_terminal else check_printed
        check(self.command, self.code, self.out)

    @property
    def json(self) -> Any:
        """The one JSON document on stdout.

        :raises AssertionError: stdout is anything else.
        """
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"stdout is not one JSON document: {error}\n{self}") from error

    @classmethod
    def of(cls, process: subprocess.Popen[str], timeout: float = 60.0) -> Result:
        """Wait for a process that a test has started, and return how it ended; `seconds` is how long it was waited for.

        :raises subprocess.TimeoutExpired: it goes on.
        """
        start = time.perf_counter()
        out, err = process.communicate(timeout=timeout)
        words = process.args if isinstance(process.args, list | tuple) else [process.args]
        return cls(tuple(map(str, words)), process.returncode, out or "", err or "", time.perf_counter() - start)

    def expect(self, code: int = 0) -> Result:
        """Return itself.

        :raises AssertionError: it ended with another exit code; shows all that it said.
        """
        assert self.code == code, f"expected exit code {code}\n{self}"
        return self

    def __str__(self) -> str:
        command = " ".join(self.command)
        return f"$ {command}\nexit code {self.code} after {self.seconds:.2f} s\n--- out\n{self.out}--- err\n{self.err}"


def clean_environment(home: Path, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the environment of a new user's first shell: an empty home, none of our variables, no network.

    A warning is an error there. `extra` is laid on top; None takes a variable away.
    """
    environment: dict[str, str | None] = {
        "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", os.defpath)]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "PYTHONPATH": str(OFFLINE),
        "PYTHONWARNINGS": "error",
        **(extra or {}),
    }
    return {name: value for name, value in environment.items() if value is not None}


def run_process(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: str | bytes | None = None,
    timeout: float = 60.0,
) -> Result:
    """Run `command` to its end. Without `stdin` it reads an empty one.

    :param timeout: seconds until it is killed.
    :raises AssertionError: it was killed; shows what it said until then.
    """
    words = tuple(str(word) for word in command)
    given = stdin.encode() if isinstance(stdin, str) else stdin
    start = time.perf_counter()
    try:
        done = subprocess.run(
            words, cwd=cwd, env=dict(env), input=given or b"", capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        late = Result(words, -9, _text(error.stdout), _text(error.stderr), time.perf_counter() - start)
        raise AssertionError(f"killed after {timeout} s\n{late}") from error
    return Result(words, done.returncode, _text(done.stdout), _text(done.stderr), time.perf_counter() - start)


def _text(said: bytes | None) -> str:
    return (said or b"").decode("utf-8", errors="backslashreplace")
