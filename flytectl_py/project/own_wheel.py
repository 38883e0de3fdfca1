"""This project as a wheel, made again from the files that are installed: for images, where no index has this version.

The format is that of https://packaging.python.org/en/latest/specifications/binary-distribution-format
"""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from flytectl_py import __version__
from flytectl_py.errors import NotReadyError
from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import OwnDistribution, made_file

NAME = "flytectl-py"
_PACKAGES = ("flytectl_py", "flyte")
# How it came here says nothing of what it is.
_OF_THE_INSTALLATION = {
    "RECORD",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
    "WHEEL",
    "uv_cache.json",
    "uv_build.json",
}
_WHEEL = b"Wheel-Version: 1.0\nGenerator: flytectl-py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_SOURCE = Path(__file__).resolve().parent.parent.parent
_TIME = (1980, 1, 1, 0, 0, 0)


class _Installation(NamedTuple):
    """Where it is installed. `top` is the folder beside whose packages `info`, the folder of metadata, lies."""

    top: Path
    info: Path
    version: str

    def files(self) -> list[str]:
        """Return the files that the installer wrote, relative to `top`."""
        text = (self.info / "RECORD").read_text(encoding="utf-8")
        return [row[0] for row in csv.reader(text.splitlines()) if row]


def _installation() -> _Installation | None:
    """Find it without `importlib.metadata`, whose import takes longer than all the rest of this."""
    name = NAME.replace("-", "_")
    for top in dict.fromkeys([str(_SOURCE), *sys.path]):
        if not os.path.isdir(top):
            continue
        for each in sorted(os.listdir(top)):
            match = re.fullmatch(rf"{name}-([^-]+)\.dist-info", each)
            if match and os.path.isfile(os.path.join(top, each, "RECORD")):
                return _Installation(Path(top), Path(top, each), match[1])
    return None


@functools.cache
def own_distribution() -> OwnDistribution:
    """Return what is running; it is released if it was installed from an index, under a version that one can have."""
    installed = _installation()
    if installed is None:
        return OwnDistribution(__version__, released=False)
    from_index = not (installed.info / "direct_url.json").exists()
    return OwnDistribution(
        __version__, released=from_index and installed.version == __version__ and is_release(__version__)
    )


def is_release(version: str) -> bool:
    """Whether an index may have a version: neither a development version nor a local one (PEP 440)."""
    return re.fullmatch(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?", version) is not None


@functools.cache
def own_wheel() -> ContextFile:
    """Return the wheel as a file of a build context; the same files make the same bytes anywhere.

    It is made once in a process: what runs in it does not change any more.

    :raises NotReadyError: it is not installed, so that nothing says what belongs to it.
    """
    installed = _installation()
    if installed is None:
        raise NotReadyError(
            "flytectl-py is not installed here, so it cannot be put into an image",
            hint="install it: pip install flytectl-py; or give Image.from_debian_base(install_flyte=False)",
        )
    prefix = f"{NAME.replace('-', '_')}-{installed.version}"
    files = {**_packages(installed), **_metadata(installed)}
    return made_file(f"{prefix}-py3-none-any.whl", _zip(files, f"{prefix}.dist-info/RECORD"))


def _packages(installed: _Installation) -> dict[str, bytes]:
    """Return the modules: those of the RECORD, or for an editable installation those that are imported."""
    listed = [path for path in installed.files() if path.partition("/")[0] in _PACKAGES and "__pycache__" not in path]
    if listed:
        return {path: (installed.top / path).read_bytes() for path in listed}
    found: dict[str, bytes] = {}
    for package in _PACKAGES:
        for folder, folders, names in os.walk(_SOURCE / package):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for name in names:
                if not name.startswith(".") and not name.endswith((".pyc", ".pyo")):
                    file = Path(folder, name)
                    found[file.relative_to(_SOURCE).as_posix()] = file.read_bytes()
    return found


def _metadata(installed: _Installation) -> dict[str, bytes]:
    folder = installed.info.name
    listed = [path for path in installed.files() if path.startswith(f"{folder}/")]
    kept = [path for path in listed if path.partition("/")[2] not in _OF_THE_INSTALLATION]
    return {f"{folder}/WHEEL": _WHEEL, **{path: (installed.top / path).read_bytes() for path in kept}}


def _zip(files: dict[str, bytes], record: str) -> bytes:
    """Return an archive of `files`, in order and stored as they are: compressors differ from machine to machine."""
    import io
    import zipfile

    rows = "".join(f"{path},sha256={_hash(files[path])},{len(files[path])}\n" for path in sorted(files))
    whole = {**{path: files[path] for path in sorted(files)}, record: f"{rows}{record},,\n".encode()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in whole.items():
            member = zipfile.ZipInfo(path, _TIME)
            member.create_system = 3  # Unix, wherever it is made
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content)
    return buffer.getvalue()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
