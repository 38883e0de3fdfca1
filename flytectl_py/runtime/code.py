"""The code of the action: fetched, checked, unpacked once for each container, and made importable."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flytectl_py.errors import BundleError, NotReadyError
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.runtime.places import Places, local_path

_OWN_FOLDER = ".flyte-a0"
"""Below the destination: the lock, and one file for each bundle that was unpacked there."""
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def install_code(invocation: Invocation, places: Places) -> Path:
    """Unpack the code bundle, if there is one, into the destination; put its folders on ``sys.path``.

    In a hybrid run the code is there, and the bundle is for the children.

    Return the destination, which is where the task's code lies also when the image holds it.

    :raises BundleError: the bundle is damaged, unsafe, or another one than its name or header says.
    :raises NotReadyError: it cannot be fetched or written.
    """
    into = Path(invocation.dest).absolute()
    if invocation.tgz and invocation.hybrid is None:
        _unpack_once(invocation.tgz, into, places)
    wanted = [os.path.normpath(os.path.join(into, entry)) for entry in ("", *invocation.sys_path)]
    folders = list(dict.fromkeys(wanted))
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]
    return into


def _unpack_once(address: str, into: Path, places: Places) -> None:
    own = into / _OWN_FOLDER
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    done = own / f"{name}.done"
    with _writing(into):
        own.mkdir(parents=True, exist_ok=True)
        with _locked(own / "lock"):
            if done.exists():
                return
            archive = _fetched(address, own / f"{name}.tar.gz", places)
            try:
                digest = _unpack(archive, into, own / name, address)
            finally:
                if archive.parent == own:
                    archive.unlink(missing_ok=True)
            done.write_text(f"{digest} {address}\n", "utf-8")


def _fetched(address: str, to: Path, places: Places) -> Path:
    local = local_path(address)
    if local is not None:
        return local
    places.download(address, to)
    return to


def _unpack(archive: Path, into: Path, staging: Path, address: str) -> str:
    """Unpack beside the image's own files first, then move each file to its place; return the bundle's digest."""
    from flytectl_py.storage.extract import extract

    named = _DIGEST.search(address.rpartition("/")[2])
    if staging.exists():
        shutil.rmtree(staging)  # A process that was killed left it.
    if not archive.exists():
        raise NotReadyError(f"there is no code bundle {address}", hint="run or deploy again", where=address)
    manifest = extract(archive, staging, named.group() if named else None)
    root = os.path.realpath(into)
    safe: set[str] = set()
    for entry in manifest:
        target = os.path.join(into, entry.path)
        folder = os.path.dirname(target)
        if folder not in safe:
            os.makedirs(folder, exist_ok=True)
            real = os.path.realpath(folder)
            if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
                raise BundleError(
                    f"'{entry.path}' of the bundle would be written to {real}, outside {into}",
                    hint="the image has a symbolic link there; remove it, or rename the folder",
                    where=address,
                )
            safe.add(folder)
        os.replace(staging / entry.path, target)
    shutil.rmtree(staging)
    return manifest.digest


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _writing(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotReadyError(
            f"cannot unpack the code bundle into {into}: {error.strerror or error}",
            hint="make room, or give the image a working folder that its user can write",
            where=str(into),
        ) from error
