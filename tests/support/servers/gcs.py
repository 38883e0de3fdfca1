"""A Google Cloud Storage server on this machine: gcp-storage-emulator, with its data in memory."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers.running import running

NEEDS = ("gcp_storage_emulator", "gcsfs")


@contextlib.contextmanager
def gcs_server(folder: Path) -> Iterator[str]:
    """Yield the endpoint's URL, which is what STORAGE_EMULATOR_HOST takes. No credentials are wanted."""

    def command(port: int) -> list[str]:
        address = ["--host", "127.0.0.1", "--port", str(port)]
        return [sys.executable, "-W", "ignore", "-m", "gcp_storage_emulator", "start", *address, "--in-memory"]

    with running(command, "/storage/v1/b?project=test", folder / "gcs.log") as url:
        yield url
