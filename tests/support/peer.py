"""The other distribution of Flyte 2 that owns the import name `flyte`, in a Python environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from flytectl_py.plan.virtual_environment import RECORD, Environment, environment_name, environments_folder
from tests.support.docker.packages import CannotRunError, locked
from tests.support.process import PYTHON, SCRIPTS, Result, run_process
from tests.support.project import Project

VERSION = "2.12.1"
IMAGE = f"ghcr.io/acme/peer:{VERSION}"
"""The image of tasks that run in the peer's environment, on a plane that was told so by `stand_for_image`."""

_COLORS = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


class Peer:
    """The peer, installed in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin/python"
        self._flyte = folder / "bin/flyte"

    def flyte(self, project: Project, *args: str, timeout: float = 300.0) -> Result:
        """Run its command line in a project, whose configuration says where the control plane is."""
        extra = {"PYTHONWARNINGS": None, "NO_COLOR": "1", "COLUMNS": "9999"}
        command: list[str | Path] = [
            self._flyte,
            "--config",
            ".flyte/config.yaml",
            "--output-format",
            "json-raw",
            *args,
        ]
        ran = run_process(command, cwd=project.path, env=project.environment(extra), timeout=timeout)
        return Result(ran.command, ran.code, _COLORS.sub("", ran.out), _COLORS.sub("", ran.err), ran.seconds)

    def stand_for_image(self, home: Path) -> None:
        """Let the process executor of a user take this environment for that of `IMAGE`.

        :param home: of the user.
        """
        folder = Path(environments_folder({}, str(home))) / environment_name(IMAGE)
        folder.mkdir(parents=True)
        (folder / RECORD).write_text(Environment(IMAGE, str(self.python)).as_text(), "utf-8")


def installed_peer() -> Peer:
    """Return the peer, which is installed into the user's cache at first use.

    :raises CannotRunError: no package index can be reached.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flytectl-py-tests"
    folder = cache / f"flyte-{VERSION}-kubernetes"
    with locked(cache / f"{folder.name}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = str(SCRIPTS / "uv")
            _do(uv, "venv", "--quiet", "--python", PYTHON, str(folder))
            into = ["--python", str(folder / "bin/python"), "--compile-bytecode"]
            _do(uv, "pip", "install", "--quiet", *into, f"flyte=={VERSION}", "kubernetes")  # for pod templates
            (folder / "complete").touch()
    return Peer(folder)


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "Failed to fetch" in done.stderr:
        raise CannotRunError(f"flyte {VERSION} cannot be had from a package index: {done.stderr.strip()[-500:]}")
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
