"""A user's project in a temporary folder, made from a dict, with the real `flyte` to run in it."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.support.process import FLYTE, PYTHON, Result, clean_environment, run_process
from tests.support.terminal import Terminal

Files = Mapping[str, str | bytes]
Extra = Mapping[str, str | None]


class Project:
    """A folder with the user's files, and a home folder that is empty and not above it."""

    def __init__(self, path: Path, home: Path, files: Files | None = None) -> None:
        self.path = path
        self.home = home
        path.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        self.write(files or {})

    def write(self, files: Files) -> None:
        """Write `files`, relative path to content. Text is dedented; a path ending in ``/`` is a folder."""
        for name, content in files.items():
            file = self.path / name
            if name.endswith("/"):
                file.mkdir(parents=True, exist_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = textwrap.dedent(content).removeprefix("\n").encode()
            file.write_bytes(content)

    def read(self, name: str) -> str:
        """Return the text of one file."""
        return (self.path / name).read_text(encoding="utf-8")

    def environment(self, extra: Extra | None = None) -> dict[str, str]:
        """Return the environment that `flyte` gets here; `extra` on top of it, None takes a variable away."""
        return clean_environment(self.home, extra)

    def flyte(
        self,
        *args: str | Path,
        stdin: str | bytes | None = None,
        env: Extra | None = None,
        cwd: str | Path = ".",
        timeout: float = 60.0,
    ) -> Result:
        """Run the installed ``flyte`` with `args`. `cwd` is relative to the project, `timeout` in seconds."""
        return self._run([FLYTE, *args], stdin, env, cwd, timeout)

    def python(
        self,
        *args: str | Path,
        stdin: str | bytes | None = None,
        env: Extra | None = None,
        cwd: str | Path = ".",
        timeout: float = 60.0,
    ) -> Result:
        """Run this Python with `args`, e.g. a script of the project."""
        return self._run([PYTHON, *args], stdin, env, cwd, timeout)

    def begin(self, *args: str) -> subprocess.Popen[str]:
        """Begin the command in this folder and return its process, which goes on; its streams are pipes."""
        return subprocess.Popen(
            [FLYTE, *args],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def flyte_on_terminal(
        self, *args: str | Path, env: Extra | None = None, cwd: str | Path = ".", columns: int = 80
    ) -> Terminal:
        """Start ``flyte`` with `args` on a terminal; use it in a ``with`` block."""
        return Terminal([FLYTE, *args], cwd=self.path / cwd, env=self.environment(env), columns=columns)

    def _run(
        self, command: list[str | Path], stdin: str | bytes | None, env: Extra | None, cwd: str | Path, timeout: float
    ) -> Result:
        return run_process(command, cwd=self.path / cwd, env=self.environment(env), stdin=stdin, timeout=timeout)
