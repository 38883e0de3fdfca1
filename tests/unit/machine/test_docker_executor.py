"""Attempts in containers of a real daemon."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from flytectl_py.machine.executors.api import CannotStartError, Launch
from flytectl_py.machine.executors.docker import DockerExecutor
from tests.support.docker.base_image import BASE
from tests.support.docker.parts import DockerParts

pytestmark = pytest.mark.docker

SECRETS = "/etc/flyte/secrets"


class Containers:
    """An executor over a folder, and launches of Python code."""

    def __init__(self, folder: Path, docker: DockerParts) -> None:
        self.folder = folder
        self.docker = docker
        (folder / "store").mkdir()
        self.executor = self.made()

    def made(self) -> DockerExecutor:
        return DockerExecutor(self.folder / "attempts", [self.folder / "store"])

    def launch(self, code: str, **more: object) -> Launch:
        token = uuid.uuid4().hex[:12]
        given: dict[str, object] = {
            "image": f"{self.docker.base_registry}/{BASE}",
            "command": ("python", "-c", code),
            "environment": {},
            "cpu": 1.0,
            "memory": 0,
            "gpu": 0,
            **more,
        }
        return Launch(token=token, log=self.folder / f"{token}.log", **given)  # type: ignore[arg-type]

    def log(self, launch: Launch) -> str:
        return launch.log.read_text()


@pytest.fixture
def containers(docker: DockerParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Containers:
    for name, value in docker.environment.items():
        monkeypatch.setenv(name, value)
    return Containers(tmp_path, docker)


def _run(containers: Containers, test: Callable[[], Awaitable[None]]) -> None:
    async def around() -> None:
        try:
            await test()
        finally:
            await containers.executor.tidy(set())
            await containers.executor.close()

    asyncio.run(around())


def test_an_attempt_has_its_store_variables_and_secrets(containers: Containers) -> None:
    store = containers.folder / "store" / "made"
    code = (
        f"import os; print(os.environ['A'], os.environ['S'], open('{SECRETS}/g/k').read(), flush=True);"
        f"open('{store}', 'w').write('x'); os.system('echo last'); raise SystemExit(3)"
    )

    async def test() -> None:
        launch = containers.launch(
            code, environment={"A": "x y"}, secrets={"S": "hidden"}, files={f"{SECRETS}/g/k": b"file"}
        )
        await containers.executor.start(launch)
        ended = await containers.executor.wait(launch.token)
        assert (ended.code, ended.out_of_memory) == (3, False)
        assert containers.log(launch) == "x y hidden file\nlast\n"
        assert store.read_text() == "x"
        await containers.executor.forget(launch.token)
        assert not await containers.executor.adopt(launch.token)
        assert not (containers.folder / "attempts" / launch.token).exists()

    _run(containers, test)


def test_memory_is_a_limit(containers: Containers) -> None:
    async def test() -> None:
        launch = containers.launch("print(len('a' * 400_000_000))", memory=100_000_000)
        await containers.executor.start(launch)
        ended = await containers.executor.wait(launch.token)
        assert ended.out_of_memory
        assert "memory" in ended.reason

    _run(containers, test)


def test_a_new_control_plane_finds_what_runs_and_removes_what_nobody_knows(containers: Containers) -> None:
    async def test() -> None:
        known, unknown = (containers.launch("import time; print('up', flush=True); time.sleep(60)") for _ in range(2))
        for each in (known, unknown):
            await containers.executor.start(each)
        later = containers.made()
        await later.tidy({known.token})
        assert await later.adopt(known.token)
        assert not await later.adopt(unknown.token)
        containers.docker.run("kill", f"flyte-{known.token}")
        ended = await later.wait(known.token)
        assert ended.code == 137
        assert "up" in containers.log(known)

    _run(containers, test)


def test_stopping_gives_time_to_write(containers: Containers) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(143)))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )

    async def test() -> None:
        launch = containers.launch(code)
        await containers.executor.start(launch)
        async with asyncio.timeout(20):
            while "up" not in containers.log(launch):
                await asyncio.sleep(0.05)
        await containers.executor.stop(launch.token, 10)
        assert (await containers.executor.wait(launch.token)).code == 143
        assert containers.log(launch).endswith("bye\n")

    _run(containers, test)


def test_an_image_that_there_is_not_is_said(containers: Containers) -> None:
    async def test() -> None:
        with pytest.raises(CannotStartError, match="nothing:1"):
            await containers.executor.start(containers.launch("pass", image="127.0.0.1:1/nothing:1"))

    _run(containers, test)


def test_a_command_may_replace_the_entrypoint(containers: Containers) -> None:
    async def test() -> None:
        launch = containers.launch("", command=("/bin/sh", "-c", "echo $0 $1", "a", "b"), entrypoint=True)
        await containers.executor.start(launch)
        assert (await containers.executor.wait(launch.token)).code == 0
        assert containers.log(launch) == "a b\n"

    _run(containers, test)


def test_what_docker_lacks_is_said(containers: Containers, monkeypatch: pytest.MonkeyPatch) -> None:
    assert containers.executor.lacking() == ""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{os.path.join(containers.folder, 'no.sock')}")
    assert "daemon" in containers.executor.lacking()
