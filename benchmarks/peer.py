"""The other tool that ours is compared with, in an environment of its own: both own the import name `flyte`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import CannotMeasureError

VERSION = "2.12.1"


@dataclass(frozen=True)
class Peer:
    """The programs of the peer's environment."""

    python: Path
    flyte: Path

    @property
    def title(self) -> str:
        """What stands for it in the report."""
        return f"flyte {VERSION}"


def ensure_peer(folder: Path) -> Peer:
    """Return the peer in the virtual environment at `folder`, made now if it is not there or holds another version.

    :raises CannotMeasureError: it cannot be installed.
    """
    folder = folder.absolute()  # Not resolved: an environment is what its own path says it is.
    peer = Peer(folder / "bin/python", folder / "bin/flyte")
    if _installed(peer) == VERSION:
        return peer
    if folder.exists() and not (folder / "pyvenv.cfg").is_file():
        raise CannotMeasureError(f"{folder} is no virtual environment, and is in the way of the peer's")
    print(f"making {folder} with flyte {VERSION}", file=sys.stderr, flush=True)
    _do(sys.executable, "-m", "venv", "--clear", str(folder))
    _do(str(peer.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", f"flyte=={VERSION}")
    return peer


def _installed(peer: Peer) -> str:
    """Return the version that is installed; empty if there is none that runs."""
    if not (peer.python.exists() and peer.flyte.exists()):
        return ""
    question = "import importlib.metadata; print(importlib.metadata.version('flyte'))"
    answer = subprocess.run([peer.python, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _do(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasureError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
