"""What a task does with processes and with its own output leaves one outcome, the task's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from flyteidl2.core.execution_pb2 import ContainerError, ExecutionError

from tests.support.container import Container

APP = """
import asyncio, multiprocessing, os, signal, sys, threading
import flyte

env = flyte.TaskEnvironment("app", image="ghcr.io/acme/base:1")
fork = multiprocessing.get_context("fork")

def pooled():
    with fork.Pool(2) as pool:  # which ends its processes by SIGTERM
        return sum(pool.map(abs, range(4)))

@env.task
def pool(x: int) -> int:
    return pooled()

@env.task
def pool_in_a_thread(x: int) -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(pooled()))
    thread.start()
    thread.join()
    return found[0]

@env.task
async def pool_of_a_coroutine(x: int) -> int:
    return await asyncio.to_thread(pooled)

@env.task
def ended(x: int) -> int:
    begun, child = fork.Event(), None
    def sleep():
        begun.set()
        signal.pause()
    child = fork.Process(target=sleep)
    child.start()
    begun.wait()
    os.kill(child.pid, x)
    child.join()
    return child.exitcode

@env.task
def returns_twice(x: int) -> int:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return 6 if child else 99

@env.task
def fails_in_a_child(x: int) -> int:
    child = os.fork()
    if not child:
        raise ValueError("in the child")
    os.waitpid(child, 0)
    return 6

@env.task
def prints_and_closes(x: int) -> int:
    print("hello")
    os.close(1)
    return 6

@env.task
def closes_descriptors(x: int) -> int:
    os.close(1)
    os.close(2)
    raise ValueError("all the same")

@env.task
def closes_streams(x: int) -> int:
    sys.stdout.close()
    sys.stderr.close()
    raise ValueError("all the same")

@env.task
def has_no_streams(x: int) -> int:
    sys.stdout = sys.stderr = None
    raise ValueError("all the same")
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path, {"app.py": APP})
    made.take(x=15)
    return made


@pytest.mark.parametrize("task", ["pool", "pool_in_a_thread", "pool_of_a_coroutine"])
def test_a_pool_that_ends_its_processes_ends_no_attempt(container: Container, task: str) -> None:
    ended = container.run(task).expect()
    assert ended.value == 6
    assert ended.result.err == ""


@pytest.mark.parametrize("number", [1, 2, 15])
def test_a_signal_for_a_child_is_the_childs(container: Container, number: int) -> None:
    container.take(x=number)
    # Python answers SIGINT with an exception, and `multiprocessing` that with exit code 1.
    assert container.run("ended").expect().value == (1 if number == 2 else -number)


@pytest.mark.parametrize("task", ["returns_twice", "fails_in_a_child"])
def test_a_child_that_comes_to_the_end_of_the_task_leaves_no_outcome(container: Container, task: str) -> None:
    assert container.run(task).expect().value == 6


def test_an_end_without_streams_is_an_end(container: Container) -> None:
    assert container.run("prints_and_closes").expect().value == 6


def test_a_child_of_a_module_that_is_loaded_leaves_no_outcome(container: Container) -> None:
    container.project.write(
        {
            "forking.py": """
            import os
            import flyte

            env = flyte.TaskEnvironment("forking", image="ghcr.io/acme/base:1")

            @env.task
            def main(x: int) -> int:
                return 6

            child = os.fork()
            if not child:
                raise ValueError("in the child")
            os.waitpid(child, 0)
            """
        }
    )
    assert container.run(module="forking").expect().value == 6


@pytest.mark.parametrize("task", ["closes_descriptors", "closes_streams", "has_no_streams"])
def test_an_error_that_nobody_can_read_is_recorded(container: Container, task: str) -> None:
    error = container.run(task).failed()
    assert (error.code, error.kind, error.origin) == ("ValueError", ContainerError.RECOVERABLE, ExecutionError.USER)
    assert error.message.startswith("all the same\n")


def test_a_place_for_outcomes_that_is_a_file(container: Container) -> None:
    (container.store / "a0").write_text("")
    result = container.run("pool").result
    assert result.code == 1
    assert f"cannot write {container.store}/a0/1/outputs.pb" in result.err
    assert "and this cannot be recorded" in result.err
    assert "Traceback" not in result.err
