"""Programs out of Debian packages, downloaded and unpacked into the cache; nothing is installed on the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

LAYOUT = 1
"""Counts up when what is unpacked changes."""

# Bookworm's own dockerd is too old for what a build needs, and it has no buildx; those of trixie run on its C library.
NEWER_SUITE = "trixie"
NEWER = ("docker.io", "docker-cli", "docker-buildx")
OWN = (
    "containerd",
    "runc",
    "tini",
    "docker-registry",
    "mmdebstrap",
    "iptables",
    "libxtables12",
    "libip4tc2",
    "libip6tc2",
    "libnftnl11",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
)
OLD_SUITES = ("bookworm",)

PODMAN = (
    "podman",
    "conmon",
    "netavark",
    "aardvark-dns",
    "libgpgme11",
    "libassuan0",
    "libsubid4",
    "libseccomp2",
    "golang-github-containers-common",
    "golang-github-containers-image",
)


class CannotRunError(Exception):
    """This machine cannot have what the tests need; the message says why."""


def cache_folder() -> Path:
    """Return where the tests keep what is slow to make."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flytectl-py-tests" / "docker"


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep other processes out of the block."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Tools:
    """The unpacked programs: their search path, and the folder of Docker's plugins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        usr = folder / "usr"
        self.path = [str(folder / "bin"), str(usr / "sbin"), str(usr / "bin")]
        self.plugins = usr / "libexec" / "docker" / "cli-plugins"

    def environment(self) -> dict[str, str]:
        """Return the environment in which the programs find each other, their libraries and their modules."""
        libraries = [str(each.parent) for each in self.folder.glob("usr/lib/*/libxtables.so.*")]
        modules = [str(each) for each in self.folder.glob("usr/lib/*/xtables")]
        return {
            **os.environ,
            "PATH": os.pathsep.join([*self.path, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]),
            "LD_LIBRARY_PATH": os.pathsep.join(libraries[:1]),
            "XTABLES_LIBDIR": os.pathsep.join(modules[:1]),
        }

    def program(self, name: str) -> str:
        """Return the path of one of the programs."""
        found = shutil.which(name, path=os.pathsep.join(self.path))
        if found is None:
            raise CannotRunError(f"the packages hold no {name}")
        return found


def debian_codename() -> str:
    """Return the name of this machine's release of Debian.

    :raises CannotRunError: it is none, or has no apt.
    """
    release = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
    found = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    if not re.search(r"^ID=debian$", release, re.MULTILINE) or found is None:
        raise CannotRunError("no Docker daemon answers, and only on Debian can the tests unpack one of their own")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise CannotRunError("no Docker daemon answers, and there is no apt to get one with")
    return found[1]


def unpacked() -> Tools:
    """Return the programs that Docker and a registry need, fetched at first use.

    :raises CannotRunError: not on this machine.
    """
    codename = debian_codename()
    newer = NEWER_SUITE if codename in OLD_SUITES else codename
    return _unpacked("tools", [f"{name}/{newer}" for name in NEWER] + [f"{name}/{codename}" for name in OWN])


def unpacked_podman() -> Tools:
    """Return Podman with what it needs besides `unpacked`, fetched at first use.

    :raises CannotRunError: not on this machine.
    """
    codename = debian_codename()
    if codename not in OLD_SUITES:
        raise CannotRunError(f"which packages Podman needs on {codename} is not known here")
    return _unpacked("podman", [f"{name}/{codename}" for name in PODMAN])


def _unpacked(name: str, packages: list[str]) -> Tools:
    codename = debian_codename()
    folder = cache_folder() / f"{name}-{codename}-{LAYOUT}"
    with locked(cache_folder() / f"{name}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            with tempfile.TemporaryDirectory() as work:
                for package in _downloaded(Path(work), packages):
                    _run(["dpkg-deb", "-x", str(package), str(folder)])
            _names(folder)
            (folder / "complete").touch()
    return Tools(folder)


def mirror() -> tuple[str, str]:
    """Return the URL of this machine's own mirror of Debian, and the key ring that signs it."""
    ring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    for file in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            url = re.search(r"^URIs:\s*(\S+/debian)/?\s*$", stanza, re.MULTILINE)
            key = re.search(r"^Signed-By:\s*(/\S+)", stanza, re.MULTILINE)
            if url:
                return url[1], key[1] if key else ring
    for file in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))):
        found = file.exists() and re.search(r"^deb\s(?:\[.*?\]\s)?\s*(\S+/debian)/?\s", file.read_text(), re.MULTILINE)
        if found:
            return found[1], ring
    raise CannotRunError("the sources of apt name no mirror of Debian to take Docker from")


def _downloaded(work: Path, packages: list[str]) -> list[Path]:
    """Download the packages into `work`, with lists of its own: those of the machine may be old, or not there."""
    url, ring = mirror()
    for part in ("sources", "lists/partial", "cache/archives/partial"):
        (work / part).mkdir(parents=True)
    suites = " ".join(dict.fromkeys(each.partition("/")[2] for each in packages))
    source = f"Types: deb\nURIs: {url}\nSuites: {suites}\nComponents: main\nSigned-By: {ring}\n"
    (work / "sources" / "debian.sources").write_text(source, encoding="utf-8")
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    _run(["apt-get", "-q", *options, "update"], work)
    _run(["apt-get", "-q", *options, "download", *packages], work)
    return sorted(work.glob("*.deb"))


def _names(folder: Path) -> None:
    """Give programs the names under which they are looked for, which installing the packages would have done."""
    names = folder / "bin"
    names.mkdir()
    for name, target in {
        "docker-init": "usr/bin/tini-static",
        "iptables": "usr/sbin/xtables-nft-multi",
        "ip6tables": "usr/sbin/xtables-nft-multi",
    }.items():
        if (folder / target).exists():
            (names / name).symlink_to(folder / target)


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"{' '.join(command[:1])} failed: {(done.stderr or done.stdout)[-1500:]}")
