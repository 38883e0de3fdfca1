"""Warm processes, for real: several attempts in one, what they print, and how they end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from flyteidl2.task.common_pb2 import Outputs

from flytectl_py.machine.executors.api import Launch, Warm
from flytectl_py.machine.executors.process import ProcessExecutor
from flytectl_py.machine.executors.reuse import ReusingExecutor
from tests.support.container import RESOLVER, message_of

APP = """
import os, sys, time
import flyte

env = flyte.TaskEnvironment("app")
seen = []


@env.task
def main(x: int) -> int:
    seen.append(x)
    print("x is", x)
    os.system("echo from a child of it")
    sys.stderr.write("\\0 and bytes\\n")
    return os.getpid() * 100 + len(seen)


@env.task
def slow(x: int) -> int:
    print("slow begins", flush=True)
    time.sleep(60)
    return x


@env.task
def variable(x: int) -> str:
    os.environ["LEFT"] = "over"
    return os.environ.get("GIVEN", "") + os.environ.get("LEFT_BEFORE", "-")


@env.task
def deadly(x: int) -> int:
    os.kill(os.getpid(), 9)
    return x
"""


class Folder:
    """An executor over a folder with an app, and its attempts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "code").mkdir()
        (folder / "code" / "app.py").write_text(APP)
        (folder / "inputs.pb").write_bytes(message_of({"x": 7}).SerializeToString())
        self.executor = self.made()

    def made(self) -> ReusingExecutor:
        return ReusingExecutor(ProcessExecutor(self.folder / "attempts", self.folder / "none"), self.folder / "warm")

    def launch(self, token: str, task: str = "main", most: int = 1, idle: float = 30.0, **environment: str) -> Launch:
        output = f"{self.folder}/{token}"
        return Launch(
            token=token,
            image="",
            command=(
                "a0", "--inputs", f"{self.folder}/inputs.pb", "--outputs-path", output, "--version", "v",
                "--dest", f"{self.folder}/code", "--resolver", RESOLVER, "mod", "app", "instance", task,
            ),
            environment=environment,
            cpu=1,
            memory=0,
            gpu=0,
            log=self.folder / f"{token}.log",
            warm=Warm("app", most, idle),
        )  # fmt: skip

    def value(self, token: str) -> object:
        outputs = Outputs.FromString((self.folder / token / "outputs.pb").read_bytes())
        primitive = outputs.literals[0].value.scalar.primitive
        return getattr(primitive, str(primitive.WhichOneof("value")))

    def log(self, token: str) -> str:
        return (self.folder / f"{token}.log").read_text()

    async def run(self, launch: Launch) -> int | None:
        await self.executor.start(launch)
        ended = await self.executor.wait(launch.token)
        await self.executor.forget(launch.token)
        return ended.code

    async def printed(self, token: str, text: str) -> None:
        async with asyncio.timeout(30):
            while not (self.folder / f"{token}.log").exists() or text not in self.log(token):
                await asyncio.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def _run(folder: Folder, test: Callable[[], Awaitable[None]]) -> None:
    async def around() -> None:
        try:
            await test()
        finally:
            await folder.executor.close()

    asyncio.run(around())


def test_attempts_share_a_process_one_after_the_other(folder: Folder) -> None:
    async def test() -> None:
        assert [await folder.run(folder.launch(each)) for each in ("one", "two", "three")] == [0, 0, 0]
        values = [int(str(folder.value(each))) for each in ("one", "two", "three")]
        assert [each % 100 for each in values] == [1, 2, 3]
        assert len({each // 100 for each in values}) == 1
        assert folder.log("two") == "x is 7\nfrom a child of it\n\0 and bytes\n"

    _run(folder, test)


def test_no_more_processes_than_the_policy_says(folder: Folder) -> None:
    async def test() -> None:
        names = [f"n{number}" for number in range(6)]
        await asyncio.gather(*(folder.run(folder.launch(each, most=2)) for each in names))
        assert len({int(str(folder.value(each))) // 100 for each in names}) <= 2

    _run(folder, test)


def test_each_attempt_has_an_environment_of_its_own(folder: Folder) -> None:
    async def test() -> None:
        await folder.run(folder.launch("one", "variable", GIVEN="1", LEFT_BEFORE="x"))
        await folder.run(folder.launch("two", "variable", GIVEN="2"))
        assert [folder.value("one"), folder.value("two")] == ["1x", "2-"]

    _run(folder, test)


def test_a_process_that_dies_ends_its_attempt_and_is_replaced(folder: Folder) -> None:
    async def test() -> None:
        assert await folder.run(folder.launch("one", "deadly")) == 128 + signal.SIGKILL
        assert await folder.run(folder.launch("two")) == 0

    _run(folder, test)


def test_stopping_an_attempt_leaves_its_error(folder: Folder) -> None:
    async def test() -> None:
        await folder.executor.start(folder.launch("one", "slow"))
        await folder.printed("one", "slow begins")
        await folder.executor.stop("one", 10)
        assert (await folder.executor.wait("one")).code == 128 + signal.SIGTERM
        assert (folder.folder / "one" / "error.pb").exists()
        assert await folder.run(folder.launch("two")) == 0

    _run(folder, test)


def test_idle_processes_end(folder: Folder) -> None:
    async def test() -> None:
        await folder.run(folder.launch("one", idle=0.1))
        process = int(str(folder.value("one"))) // 100
        async with asyncio.timeout(20):
            while os.path.exists(f"/proc/{process}"):
                await asyncio.sleep(0.05)

    _run(folder, test)


def test_a_new_control_plane_ends_what_the_old_one_left(folder: Folder) -> None:
    async def test() -> None:
        await folder.executor.start(folder.launch("one", "slow"))
        await folder.printed("one", "slow begins")
        later = folder.made()
        await later.tidy({"one"})
        assert await later.adopt("one")
        ended = await later.wait("one")
        assert ended.code is None
        assert "control plane" in ended.reason
        await later.forget("one")
        assert not await later.adopt("never")

    _run(folder, test)


def test_a_program_that_cannot_stay_runs_once_each_time(folder: Folder) -> None:
    async def test() -> None:
        for token in ("one", "two"):
            plain = folder.launch(token)
            other = Launch(token, "", ("/bin/echo", "hello"), {}, 1, 0, 0, plain.log, warm=Warm("other", 1, 30.0))
            assert await folder.run(other) == 0
            assert folder.log(token).endswith("hello\n")

    _run(folder, test)
