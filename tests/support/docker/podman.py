"""Podman out of Debian's packages, with images, containers and configuration in a folder of a test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.docker.packages import CannotRunError, unpacked, unpacked_podman

ENGINE = """\
[engine]
conmon_path = ["{podman}/usr/bin/conmon"]
helper_binaries_dir = ["{podman}/usr/lib/podman"]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[engine.runtimes]
runc = ["{tools}/usr/sbin/runc"]
[network]
network_backend = "netavark"
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


@contextmanager
def podman_folder() -> Iterator[Path]:
    """Give a folder for all that a Podman has. It mounts its store there.

    It is no folder of pytest's: pytest removes those of earlier runs, and could not where a run was killed before it
    had unmounted the store.
    """
    folder = Path(tempfile.mkdtemp(prefix="flyte-podman-"))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder / "root" / "overlay")], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def podman_environment(folder: Path) -> dict[str, str]:
    """Return an environment with a Podman that keeps all it has in `folder`.

    :raises CannotRunError: not on this machine.
    """
    if os.geteuid() != 0:
        raise CannotRunError("Podman out of unpacked packages needs root")
    tools, podman = unpacked(), unpacked_podman()
    policy = folder / "home" / ".config" / "containers" / "policy.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text((podman.folder / "etc" / "containers" / "policy.json").read_text())
    (folder / "containers.conf").write_text(ENGINE.format(podman=podman.folder, tools=tools.folder))
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    (folder / "registries.conf").write_text("")
    environment = {
        "HOME": str(folder / "home"),
        "PATH": os.pathsep.join([*podman.path, *tools.path, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]),
        "LD_LIBRARY_PATH": os.pathsep.join(
            str(found.parent)
            for each in (podman, tools)
            for found in (*each.folder.glob("usr/lib/*/libgpgme.so.*"), *each.folder.glob("usr/lib/*/libxtables.so.*"))
        ),
        "XTABLES_LIBDIR": tools.environment()["XTABLES_LIBDIR"],
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
    }
    done = run_podman(environment, "info", check=False)
    if done.returncode:
        raise CannotRunError(f"Podman does not work here: {done.stderr[-1000:]}")
    return environment


def run_podman(environment: dict[str, str], *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``podman``.

    :raises AssertionError: it failed, and `check` says that it may not.
    """
    program = shutil.which("podman", path=environment["PATH"]) or "podman"
    done = subprocess.run(
        [program, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done
