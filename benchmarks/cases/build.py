"""An unchanged build of three environments: what it takes beyond the answers of the registry."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from benchmarks.bench import Bench
from benchmarks.finding import Finding
from benchmarks.measure import interleave

MOST_MS = 200.0
ANSWER_SECONDS = 0.05
"""What a registry takes for an answer, over a network."""

APP = """
import flyte

base = flyte.Image.from_debian_base(install_flyte=False)
one = flyte.TaskEnvironment("one", image=base.with_env_vars({"A": "1"}))
two = flyte.TaskEnvironment("two", image=base.with_apt_packages("git"))
three = flyte.TaskEnvironment("three", image=base.with_pip_packages("httpx"))
"""
ASK = """
import concurrent.futures, http.client, sys

def ask(uri):
    host, _, rest = uri.partition("/")
    name, _, tag = rest.rpartition(":")
    connection = http.client.HTTPConnection(host)
    connection.request("HEAD", f"/v2/{name}/manifests/{tag}")
    assert connection.getresponse().status == 200

with concurrent.futures.ThreadPoolExecutor() as pool:
    list(pool.map(ask, sys.argv[1:]))
"""


def measure(bench: Bench) -> list[Finding]:
    """Build where a registry has everything, in turns with a program that only asks it the same three questions."""
    folder = bench.folder("build")
    (folder / "app.py").write_text(APP)
    with _registry() as host:
        words = ("build", "app.py", "--registry", host, "--platform", "linux/amd64", "--builder", "docker")
        ours = bench.command(bench.flyte, *words, cwd=folder, expects=host)
        uris = [f"{host}/flyte:{name}" for name in ("one", "two", "three")]
        asking = bench.command(bench.python, "-I", "-S", "-c", ASK, *uris, cwd=folder)
        mine, theirs = interleave(ours, asking, rounds=bench.rounds)
    bare = [1e3 * sample.seconds for sample in theirs]
    own = [1e3 * sample.seconds - answers for sample, answers in zip(mine, bare, strict=True)]
    against = "three questions to the registry"
    return [Finding("unchanged build of 3, own time", "ms", own, bare, against, judged="ours", limit=MOST_MS)]


class _Has(BaseHTTPRequestHandler):
    """A registry over a slow line that has whatever it is asked for."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[re.Pattern[str]] = re.compile(r"/v2/(.+/manifests/.+)?")

    def do_HEAD(self) -> None:
        """Answer after a while."""
        time.sleep(ANSWER_SECONDS)
        self.send_response(200 if self.asked.fullmatch(self.path) else 404)
        self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Docker-Content-Digest", "sha256:" + "0" * 64)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815  the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Has)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
