"""Tasks whose code forks: the copy of the process is not the run, wherever it leaves the task's function."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

FORKS = """
import os, sys
import flyte

env = flyte.TaskEnvironment("app", image="python:3.12")
warm = flyte.TaskEnvironment("warm", image="python:3.12", reusable=flyte.ReusePolicy(replicas=1), depends_on=[env])

def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

@env.task
def exits(code: int) -> int:
    if (pid := os.fork()) == 0:
        sys.exit(code)
    return wait(pid)

@env.task(retries=2)
def raises() -> int:
    if (pid := os.fork()) == 0:
        raise ValueError("in the copy")
    return wait(pid)

@env.task(cache="auto")
def returns() -> int:
    if (pid := os.fork()) == 0:
        return 17
    return wait(pid)

@env.task
async def says() -> int:
    if (pid := os.fork()) == 0:
        sys.exit("good-bye")
    return wait(pid)

@warm.task
def again(code: int) -> int:
    return exits.func(code)

@env.task
async def main() -> list[int]:
    first = await exits.aio(3), await raises.aio(), await returns.aio(), await says()
    return [*first, await again.aio(4), await again.aio(5)]
"""
PYPROJECT = "[project]\nname = 'app'\nversion = '0'\n"


@pytest.mark.parametrize("engine", ["local", "process"])
def test_a_copy_ends_as_python_ends_and_the_run_is_the_parent_s(project: Callable[..., Project], engine: str) -> None:
    app = project({"app.py": FORKS, "pyproject.toml": PYPROJECT})
    done = app.flyte("run", "--engine", engine, "app.py", "main").expect()
    assert done.out.splitlines()[-1] == "[3, 1, 0, 1, 4, 5]"
    assert "error:" not in done.out + done.err


def test_what_a_copy_raises_is_said_once_and_tried_once(project: Callable[..., Project]) -> None:
    app = project({"app.py": FORKS, "pyproject.toml": PYPROJECT})
    done = app.flyte("run", "app.py", "raises").expect()
    assert (done.out, done.err.count("ValueError: in the copy\n")) == ("1\n", 1)
    assert "attempt" not in done.err
    assert app.flyte("run", "app.py", "says").expect().err == "good-bye\n"
