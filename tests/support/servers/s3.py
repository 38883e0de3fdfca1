"""An S3 server on this machine: moto's, with its data in memory."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers.running import running

NEEDS = ("moto", "flask", "boto3", "s3fs")


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Yield the endpoint's URL. Any credentials are taken."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    with running(command, "/moto-api/data.json", folder / "moto.log") as url:
        yield url
