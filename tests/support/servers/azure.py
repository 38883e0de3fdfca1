"""An Azure Blob server on this machine: Azurite, which npm installs into a cache at first use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers.running import ServerFailedError, running

NEEDS = ("adlfs",)
ACCOUNT = "devstoreaccount1"
# Azurite's published development key: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
VERSION = "3.35.0"


def missing() -> str:
    """Return what this machine lacks for Azurite, or an empty string."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"Azurite needs {' and '.join(absent)}" if absent else ""


def connection_string(url: str) -> str:
    """Return what AZURE_STORAGE_CONNECTION_STRING takes for the server at `url`."""
    endpoint = f"BlobEndpoint={url}/{ACCOUNT};"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{endpoint}"


@contextlib.contextmanager
def azure_server(folder: Path) -> Iterator[str]:
    """Yield the endpoint's URL; `connection_string` has the credentials."""
    program = _installed()

    def command(port: int) -> list[str]:
        address = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
        quiet = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        return ["node", str(program), *quiet, *address]

    with running(command, f"/{ACCOUNT}?comp=list", folder / "azurite.log") as url:
        yield url


def _installed() -> Path:
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flytectl-py-tests" / f"azurite-{VERSION}"
    )
    program = cache / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / "complete").exists():
            command = ["npm", "install", "--prefix", str(cache), "--no-save", "--no-audit", "--no-fund"]
            done = subprocess.run([*command, f"azurite@{VERSION}"], capture_output=True, text=True, check=False)
            if done.returncode:
                raise ServerFailedError(f"npm could not install Azurite:\n{done.stderr[-2000:]}")
            (cache / "complete").touch()
    return program
