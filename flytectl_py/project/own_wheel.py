"""This project as a wheel, made again from the files that are installed: for images, where no index has this version.

The format is that of https://packaging.python.org/en/latest/specifications/binary-distribution-format
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from flytectl_py import __version__
from flytectl_py.errors import NotReadyError
from flytectl_py.plan.image import ContextFile
from flytectl_py.plan.image_sources import OwnDistribution, made_file

if TYPE_CHECKING:
    from importlib.metadata import Distribution

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
_TIME = (1980, 1, 1, 0, 0, 0)


@functools.cache
def own_distribution() -> OwnDistribution:
    """Return what is running; it is released if it was installed from an index, under a version that one can have."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(NAME)
    except PackageNotFoundError:
        return OwnDistribution(__version__, released=False)
    from_index = installed.read_text("direct_url.json") is None
    return OwnDistribution(
        __version__, released=from_index and installed.version == __version__ and is_release(__version__)
    )


def is_release(version: str) -> bool:
    """Whether an index may have a version: neither a development version nor a local one (PEP 440)."""
    return re.fullmatch(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?", version) is not None


def own_wheel() -> ContextFile:
    """Return the wheel as a file of a build context; the same files make the same bytes anywhere.

    :raises NotReadyError: it is not installed, so that nothing says what belongs to it.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(NAME)
    except PackageNotFoundError as error:
        raise NotReadyError(
            "flytectl-py is not installed here, so it cannot be put into an image",
            hint="install it: pip install flytectl-py; or give Image.from_debian_base(install_flyte=False)",
        ) from error
    prefix = f"{NAME.replace('-', '_')}-{installed.version}"
    files = {**_packages(installed), **_metadata(installed, f"{prefix}.dist-info")}
    return made_file(f"{prefix}-py3-none-any.whl", _zip(files, f"{prefix}.dist-info/RECORD"))


def _packages(installed: Distribution) -> dict[str, bytes]:
    """Return the modules: those of the RECORD, or for an editable installation those that are imported."""
    found: dict[str, bytes] = {}
    for each in installed.files or ():
        path = each.as_posix()
        if path.partition("/")[0] in _PACKAGES and "__pycache__" not in path:
            found[path] = Path(str(installed.locate_file(each))).read_bytes()
    if found:
        return found
    top = Path(__file__).resolve().parent.parent.parent
    for package in _PACKAGES:
        for folder, folders, names in os.walk(top / package):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for name in names:
                if not name.startswith(".") and not name.endswith((".pyc", ".pyo")):
                    file = Path(folder, name)
                    found[file.relative_to(top).as_posix()] = file.read_bytes()
    return found


def _metadata(installed: Distribution, folder: str) -> dict[str, bytes]:
    found = {f"{folder}/WHEEL": _WHEEL}
    for each in installed.files or ():
        parts = each.as_posix().split("/", 1)
        if parts[0] == folder and parts[1] not in _OF_THE_INSTALLATION:
            found[each.as_posix()] = Path(str(installed.locate_file(each))).read_bytes()
    return found


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
