"""A base image made without any registry: Debian by mmdebstrap, with the Python that runs the tests in /usr/local."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.support.docker.packages import CannotRunError, Tools, cache_folder, mirror

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
DEBIAN = "bookworm"
BASE = f"python:{MINOR}-slim-{DEBIAN}"
UV = "uv:latest"

# Libraries that a Python built from source is linked with.
LIBRARIES = (
    "ca-certificates,netbase,tzdata,libssl3,libffi8,libsqlite3-0,libreadline8,libncursesw6,libbz2-1.0,liblzma5,"
    "zlib1g,libuuid1,libexpat1,libgdbm6,libnsl2"
)
DOCKERFILE = """\
FROM scratch
ADD debian.tar /
COPY python/ /usr/local/
COPY etc/ /etc/
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \\
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN ldconfig && python3 -m ensurepip >/dev/null && ln -sf pip3 /usr/local/bin/pip \\
    && python3 -c 'import ssl, sqlite3, lzma, bz2, ctypes, zlib'
CMD ["python3"]
"""
UV_DOCKERFILE = 'FROM scratch\nCOPY uv uvx /\nENTRYPOINT ["/uv"]\n'


def make_base(build: list[str], environment: dict[str, str], tools: Tools) -> None:
    """Build the base image and the one of uv, tagged `BASE` and `UV` below ``flytectl-py-tests/``.

    :param build: the command that builds a folder; ``-t TAG FOLDER`` is added to it.
    :raises CannotRunError: this machine has nothing to make them of.
    """
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        debian = folder / "debian.tar"
        try:
            debian.hardlink_to(_debian(tools))
        except OSError:  # another disk
            shutil.copy(_debian(tools), debian)
        _python(folder / "python")
        (folder / "etc" / "ssl" / "certs").mkdir(parents=True)
        # What this machine trusts and where it gets packages from, so that builds get what the tests get.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc" / "ssl" / "certs")
        pip = Path("/etc/pip.conf")
        (folder / "etc" / "pip.conf").write_text(pip.read_text() if pip.exists() else "")
        _build(build, environment, DOCKERFILE, BASE, folder)
    with tempfile.TemporaryDirectory() as work:
        _uv(Path(work))
        _build(build, environment, UV_DOCKERFILE, UV, Path(work))


def _build(build: list[str], environment: dict[str, str], text: str, tag: str, folder: Path) -> None:
    (folder / "Dockerfile").write_text(text)
    command = [*build, "-t", f"flytectl-py-tests/{tag}", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"the base image could not be built: {done.stderr[-2000:]}")


def _debian(tools: Tools) -> Path:
    """Return a tar of a small Debian, made at first use."""
    made = cache_folder() / f"debian-{DEBIAN}.tar"
    if made.exists():
        return made
    if os.geteuid() != 0:
        raise CannotRunError("a base image without a registry is made by mmdebstrap, which needs root")
    part = made.with_name(f"{made.stem}.part.tar")
    url, ring = mirror()
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "man", "info", "locale", "lintian")]
    command = [
        tools.program("mmdebstrap"),
        "--quiet",
        "--variant=apt",
        f"--keyring={ring}",
        "--dpkgopt=force-unsafe-io",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        *left_out,
        f"--include={LIBRARIES}",
        DEBIAN,
        str(part),
        f"deb {url} {DEBIAN} main",
    ]
    # The machine's own libraries: mmdebstrap starts programs of the new system.
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    environment["PATH"] = os.pathsep.join(
        [*environment.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin", *tools.path]
    )
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"mmdebstrap failed: {done.stderr[-2000:]}")
    part.rename(made)
    return made


def _python(target: Path) -> None:
    """Copy the Python that runs this, as it lies in /usr/local of the official image: without tests and packages."""
    home = Path(sys.base_prefix)
    if home in (Path("/usr"), Path("/")):
        raise CannotRunError("this Python is the system's own and cannot be copied into a base image by itself")
    shutil.copytree(home / "bin", target / "bin", symlinks=True, ignore=_only(rf"python3?|python{re.escape(MINOR)}"))
    library = Path(sysconfig.get_path("stdlib")).name
    left_out = {"test", "idlelib", "__pycache__", "turtledemo"}

    def unneeded(folder: str, names: list[str]) -> list[str]:
        if Path(folder).name == "site-packages":
            return names
        return [name for name in names if name in left_out or name.startswith("config-") or name.endswith(".a")]

    shutil.copytree(home / "lib" / library, target / "lib" / library, symlinks=True, ignore=unneeded)
    for shared in (home / "lib").glob("libpython*.so*"):
        shutil.copy(shared, target / "lib", follow_symlinks=False)
    for name in ("python", "python3"):
        link = target / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"python{MINOR}")


def _only(pattern: str):  # type: ignore[no-untyped-def]  # what copytree wants
    return lambda folder, names: [name for name in names if not re.fullmatch(pattern, name)]


def _uv(target: Path) -> None:
    """Put uv's programs into `target`, out of its wheel."""
    place = cache_folder() / "uv"
    if not (place / "complete").exists():
        command = [sys.executable, "-m", "pip", "--quiet", "install", "--target", str(place), "uv"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotRunError(f"uv could not be had from the package index: {done.stderr[-1000:]}")
        (place / "complete").touch()
    for name in ("uv", "uvx"):
        shutil.copy(place / "bin" / name, target / name)
