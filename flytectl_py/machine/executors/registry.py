"""Executors by name, each imported when it is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flytectl_py.errors import NotReadyError, UnknownNameError
from flytectl_py.machine.executors.api import Executor

EXECUTORS: Final = ("docker", "process")


def make_executor(name: str, home: Path, store: str) -> Executor:
    """Return an executor.

    :param home: of the control plane. :param store: URI of the folder or store with its data.
    :raises UnknownNameError: there is none of that name.
    :raises NotReadyError: this machine lacks what it needs.
    """
    from flytectl_py.machine.executors.reuse import ReusingExecutor, WarmExecutor

    if name not in EXECUTORS:
        raise UnknownNameError("executor", name, EXECUTORS)
    inner: WarmExecutor
    if name == "docker":
        from flytectl_py.machine.executors.docker import SHARED_UMASK, DockerExecutor
        from flytectl_py.runtime.places import local_path

        # The home stays this user's own; what is in a store below it is shared with containers.
        home.chmod(0o700)
        os.umask(SHARED_UMASK)
        folder = local_path(store)
        inner = DockerExecutor(home / "attempts", [] if folder is None else [folder])
    else:
        from flytectl_py.machine.executors.process import ProcessExecutor
        from flytectl_py.plan.virtual_environment import environments_folder

        kept = environments_folder(os.environ, os.path.expanduser("~"))
        inner = ProcessExecutor(home / "attempts", Path(kept))
    if lacking := inner.lacking():
        raise NotReadyError(f"the executor {name} cannot be used: {lacking}")
    return ReusingExecutor(inner, home / "warm")
