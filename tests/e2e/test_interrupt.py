"""Ctrl-C, while a task or the loading of a file is under way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.support.process import FLYTE, Result
from tests.support.project import Project

MakeProject = Callable[..., Project]


SLEEP = """
import asyncio, sys, time
import flyte

@flyte.task
async def sleeper() -> None:
    await asyncio.sleep(60)

@flyte.task
def blocking(x: int = 0) -> None:
    time.sleep(60)

@flyte.task
"""


SLEEPERS = {
    "sync": "    time.sleep(60)\n",
    "async": "    await asyncio.sleep(60)\n",
    "child": "    await asyncio.gather(*(sleeper() for _ in range(3)))\n",
    "thread": "    await blocking.aio()\n",
    "map": "    list(flyte.map(blocking, [1, 2, 3]))\n",
    "subprocess": "    import subprocess; subprocess.run(['sleep', '60'])\n",
}


@pytest.mark.parametrize("kind", SLEEPERS)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_control_c_ends_what_sleeps_for_a_minute_with_130(project: MakeProject, kind: str, as_json: bool) -> None:
    start = "async def" if "await" in SLEEPERS[kind] else "def"
    body = f"{start} main() -> None:\n    print('begun', file=sys.stderr, flush=True)\n{SLEEPERS[kind]}"
    made = project({"app.py": SLEEP + body})
    args = [FLYTE, "run", *(["--json"] if as_json else []), "app.py", "main"]
    # A group of its own, all of which gets the signal, as from a terminal.
    with subprocess.Popen(
        args,
        cwd=made.path,
        env=made.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert "begun" in process.stderr.readline()
        time.sleep(0.1)  # Let it fall asleep.
        os.killpg(process.pid, signal.SIGINT)
        try:
            ended = Result.of(process, timeout=40)
        finally:
            process.kill()
    assert "Traceback" not in ended.expect(130).err
    if as_json:
        assert ended.json["error"]["code"] == "Interrupted"
        assert "error" not in ended.err
    else:
        assert "interrupted" in ended.err
        assert ended.out == ""


def test_control_c_lets_a_task_clean_up(project: MakeProject) -> None:
    code = """
    import asyncio
    import flyte

    @flyte.task
    async def main() -> None:
        try:
            print("begun", flush=True)
            await asyncio.sleep(60)
        finally:
            print("cleaned up", flush=True)
    """
    made = project({"app.py": code})
    with made.flyte_on_terminal("run", "app.py", "main") as terminal:
        terminal.expect("begun")
        terminal.send("\x03")
        result = terminal.finish(5).expect(130)
    assert "cleaned up" in result.out


STUBBORN = """
import hashlib, sys, time
import flyte

def stay(wait) -> None:
    words = ["begun"]
    while True:
        try:
            while words:
                print(words.pop(), file=sys.stderr, flush=True)
            wait()
        except BaseException:
            pass

@flyte.task
def catches_all() -> None:
    stay(lambda: time.sleep(60))

@flyte.task
def in_c() -> None:
    stay(lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1))
"""


@pytest.mark.parametrize("task", ["catches_all", "in_c"])
def test_what_control_c_does_not_end_is_said_and_a_second_one_ends_it(project: MakeProject, task: str) -> None:
    made = project({"app.py": STUBBORN})
    with made.begin("run", "--name", "stubborn", "app.py", task) as process:
        assert process.stderr is not None
        try:
            assert process.stderr.readline() == "begun\n"
            process.send_signal(signal.SIGINT)
            assert "Ctrl-C again ends it at once" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert Result.of(process).expect(130).err == "error: interrupted again, ended at once\n"
        finally:
            process.kill()
    assert made.flyte("get", "run", "stubborn", "--json").expect().json["phase"] == "aborted"


def test_control_c_while_the_file_is_loading(project: MakeProject) -> None:
    made = project({"app.py": "import sys, time\nprint('begun', flush=True)\ntime.sleep(60)\n"})
    with made.flyte_on_terminal("run", "app.py", "main") as terminal:
        terminal.expect("begun")
        terminal.send("\x03")
        result = terminal.finish(5).expect(130)
    assert "Traceback" not in result.out


def test_a_process_that_the_task_forks_ends_by_sigterm_as_any_other(project: MakeProject) -> None:
    source = """
    import multiprocessing, time
    import flyte

    def sleep(begun):
        begun.set()
        time.sleep(60)

    @flyte.task
    def main() -> int:
        fork = multiprocessing.get_context("fork")
        begun = fork.Event()
        child = fork.Process(target=sleep, args=(begun,))
        child.start()
        begun.wait()
        child.terminate()
        child.join()
        return child.exitcode
    """
    result = project({"app.py": source}).flyte("run", "app.py", "main").expect()
    assert result.out == f"{-signal.SIGTERM}\n"
    assert "Traceback" not in result.err


def test_control_c_while_the_command_itself_is_loading(project: MakeProject) -> None:
    source = """
    import sys
    import flytectl_py.cli.start

    class Interrupts:
        def find_spec(self, name, path=None, target=None):
            if name == "flytectl_py.cli.app":
                raise KeyboardInterrupt

    sys.meta_path.insert(0, Interrupts())
    flytectl_py.cli.start.main()
    """
    made = project({"early.py": source})
    result = made.python("early.py", "run", "--json", "app.py", "main").expect(130)
    assert result.json["error"] == {"code": "Interrupted", "message": "interrupted", "hint": "", "where": ""}
    result = made.python("early.py", "run", "app.py", "main").expect(130)
    assert (result.out, result.err) == ("", "error: interrupted\n")
