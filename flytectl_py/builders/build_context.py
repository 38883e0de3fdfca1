"""The context of a build as a tar stream: exactly the files of the plan, each checked against its hash on the way."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import BinaryIO

from flytectl_py.errors import FileChangedError
from flytectl_py.plan.image import ContextFile, ImagePlan


def write_context(plan: ImagePlan, stream: BinaryIO) -> None:
    """Write the Dockerfile and the files of `plan` to `stream`.

    Modes are 644 or 755, times and owners are zero, so that whose files they are and what umask was in force changes
    nothing. The stream has no end before every file was what it was hashed as.

    :raises FileChangedError: a file is not any more what was hashed.
    """
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        if all(each.path != plan.dockerfile_path for each in plan.files):
            text = plan.dockerfile.encode()
            archive.addfile(_member(plan.dockerfile_path, len(text), executable=False), io.BytesIO(text))
        for each in plan.files:
            _add(archive, each)


def _add(archive: tarfile.TarFile, file: ContextFile) -> None:
    member = _member(file.path, file.size, executable=file.executable)
    if file.content is not None:
        archive.addfile(member, io.BytesIO(file.content))
        return
    try:
        with open(file.location, "rb") as opened:
            checked = _Checked(opened)
            archive.addfile(member, checked)
            grown = opened.read(1)
    except BrokenPipeError:
        raise  # Who reads the stream went away: nothing is wrong with the file.
    except OSError as error:  # tarfile's own, too, where the file got shorter
        raise FileChangedError(f"{file.location} cannot be read any more: {error}", hint="build again") from error
    if grown or checked.digest.hexdigest() != file.sha256:
        raise FileChangedError(f"{file.location} changed while the image was being built", hint="build again")


class _Checked(io.RawIOBase):
    """Reads from a file and hashes what it reads."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.source.read(size)
        self.digest.update(piece)
        return piece


def _member(path: str, size: int, *, executable: bool) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mode = 0o755 if executable else 0o644
    return member
