"""A Docker daemon with buildx, an OCI registry and a base image, shared by all test processes of a run.

A daemon that runs is used; else a private one is started, with a socket of its own and its data in the cache. A keeper
process ends what was started here when the last test process is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.docker.base_image import BASE, UV, make_base
from tests.support.docker.packages import CannotRunError, Tools, cache_folder, locked, unpacked
from tests.support.servers.running import free_port

KEEPER = Path(__file__).with_name("keeper.py")
PATIENCE_SECONDS = 60.0
OF_TESTS = "t"
"""The part of the registry that is emptied at the end."""

REGISTRY = """\
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: "%s"}
  delete: {enabled: true}
http: {addr: "127.0.0.1:%d"}
"""


@dataclass(frozen=True)
class DockerParts:
    """What was started. `registry` is ``host:port``; `environment` leads a process to the daemon and its programs."""

    environment: dict[str, str]
    registry: str
    plugins: str

    @property
    def base_registry(self) -> str:
        """Where the base image is, instead of the public registry."""
        return self.registry

    @property
    def uv_image(self) -> str:
        """The image with uv in it."""
        return f"{self.registry}/{UV}"

    def repository(self) -> str:
        """Return a place in the registry that nobody has used."""
        return f"{self.registry}/{OF_TESTS}/{uuid.uuid4().hex[:12]}"

    def run(self, *arguments: str, expect: int | None = 0, stdin: str = "") -> str:
        """Run ``docker`` and return what it printed on stdout.

        :raises AssertionError: it ended with another exit code.
        """
        command = ["docker", *arguments]
        environment = {**os.environ, **self.environment}
        # The search path of the child is not looked at for the program itself.
        command[0] = shutil.which("docker", path=environment["PATH"]) or "docker"
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)
        assert expect is None or done.returncode == expect, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def config(self, folder: Path, document: dict[str, Any]) -> dict[str, str]:
        """Return an environment in which Docker's own configuration is `document`, written to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [self.plugins], **document}))
        return {**self.environment, "DOCKER_CONFIG": str(folder)}


@contextlib.contextmanager
def docker_parts() -> Iterator[DockerParts]:
    """Yield the parts; they stay as long as any process is in such a block.

    :raises CannotRunError: this machine cannot have them.
    """
    tools = unpacked()
    users = cache_folder() / "users"
    users.touch()
    with users.open("r+") as held:
        with locked(cache_folder() / "start.lock"):
            fcntl.flock(held, fcntl.LOCK_SH)
            parts = _kept(tools) or _started(tools, users)
            _with_base(parts, tools)
        yield parts


def _run_folder() -> Path:
    # Paths of sockets are short.
    return Path(tempfile.gettempdir()) / f"flytectl-py-tests-{os.getuid()}"


def _state() -> Path:
    return _run_folder() / "state.json"


def _kept(tools: Tools) -> DockerParts | None:
    """Return the parts that another process started, if its keeper still runs."""
    try:
        state = json.loads(_state().read_text())
        command = Path(f"/proc/{state['keeper']}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    # Of this checkout or another: all share the folders.
    return _parts(tools, state) if os.fsencode(Path(*KEEPER.parts[-3:])) in command else None


def _parts(tools: Tools, state: dict[str, Any]) -> DockerParts:
    path = os.pathsep.join([*tools.path, os.environ.get("PATH", os.defpath)])
    own = {"DOCKER_HOST": state["host"], "DOCKER_CONFIG": str(_run_folder() / "config")} if state["host"] else {}
    return DockerParts(
        {"PATH": path if own else os.environ.get("PATH", os.defpath), **own}, state["registry"], str(tools.plugins)
    )


def _started(tools: Tools, users: Path) -> DockerParts:
    folder = _run_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(tools.plugins)]}))
    host = "" if _daemon_answers(dict(os.environ)) else f"unix://{folder}/docker.sock"
    if host and os.geteuid() != 0:
        raise CannotRunError("no Docker daemon answers, and a private one needs root")
    port = free_port()
    commands = [*([_daemon(tools, folder, host)] if host else []), _registry(tools, folder, port)]
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, str(KEEPER), str(users), str(_state()), json.dumps(commands)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    state = {"keeper": keeper.pid, "host": host, "registry": f"127.0.0.1:{port}"}
    parts = _parts(tools, state)
    _await(keeper, folder, parts, port)
    _state().write_text(json.dumps(state))
    # It lives longer than this process may; what is left of it is init's.
    keeper.returncode = 0
    return parts


def _daemon(tools: Tools, folder: Path, host: str) -> dict[str, Any]:
    settings = folder / "daemon.json"
    settings.write_text(json.dumps({"builder": {"gc": {"enabled": True, "defaultKeepStorage": "4GB"}}}))
    (folder / "docker.pid").unlink(missing_ok=True)
    command = [
        tools.program("dockerd"),
        f"--config-file={settings}",
        f"--host={host}",
        f"--data-root={cache_folder() / 'root'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'docker.pid'}",
        "--bip=172.31.255.1/24",
        "--fixed-cidr=172.31.255.0/24",
        f"--mtu={_mtu()}",
        "--userland-proxy=false",
    ]
    forget = f"docker images -q --filter 'reference=127.0.0.1:*/{OF_TESTS}/*' | sort -u | xargs -r docker rmi -f"
    after = ["sh", "-c", f"export DOCKER_HOST={host}; {forget}; docker container prune -f"]
    return {
        "command": command,
        "log": str(folder / "dockerd.log"),
        "environment": tools.environment(),
        "after": [after],
    }


def _mtu() -> str:
    file = Path("/sys/class/net/eth0/mtu")
    return file.read_text().strip() if file.exists() else "1500"


def _registry(tools: Tools, folder: Path, port: int) -> dict[str, Any]:
    root = cache_folder() / "registry"
    settings = folder / "registry.yml"
    settings.write_text(REGISTRY % (root, port))
    program = tools.program("docker-registry")
    of_tests = root / "docker" / "registry" / "v2" / "repositories" / OF_TESTS
    after = [["rm", "-rf", str(of_tests)], [program, "garbage-collect", str(settings)]]
    return {"command": [program, "serve", str(settings)], "log": str(folder / "registry.log"), "after": after}


def _await(keeper: subprocess.Popen[bytes], folder: Path, parts: DockerParts, port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and keeper.poll() is None:
        if _registry_answers(port) and _daemon_answers({**os.environ, **parts.environment}):
            return
        time.sleep(0.1)
    keeper.terminate()
    said = [
        (folder / name).read_text(errors="replace")[-1500:]
        for name in ("dockerd.log", "registry.log", "keeper.log")
        if (folder / name).exists()
    ]
    raise CannotRunError("the Docker daemon or the registry did not come up:\n" + "\n".join(said))


def _registry_answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _daemon_answers(environment: dict[str, str]) -> bool:
    docker = shutil.which("docker", path=environment.get("PATH"))
    if docker is None:
        return False
    commands = [[docker, "version", "--format", "{{.Server.Version}}"], [docker, "buildx", "version"]]
    return all(
        subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        for command in commands
    )


def _with_base(parts: DockerParts, tools: Tools) -> None:
    """See to it that the registry has the base image and the one of uv."""
    names = {f"flytectl-py-tests/{each}": f"{parts.registry}/{each}" for each in (BASE, UV)}
    if all(_registry_has(parts.registry, each) for each in (BASE, UV)):
        return
    environment = {**os.environ, **parts.environment}
    docker = shutil.which("docker", path=environment["PATH"]) or "docker"
    if any(not parts.run("images", "-q", name).strip() for name in names):
        make_base([docker, "buildx", "build", "--builder", "default", "--load"], environment, tools)
    for name, there in names.items():
        parts.run("tag", name, there)
        parts.run("push", "-q", there)
        parts.run("rmi", there)


def _registry_has(registry: str, image: str) -> bool:
    name, _, tag = image.partition(":")
    host, _, port = registry.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("HEAD", f"/v2/{name}/manifests/{tag}", headers={"Accept": "*/*"})
        return connection.getresponse().status == 200
    finally:
        connection.close()
