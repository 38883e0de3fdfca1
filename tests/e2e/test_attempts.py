"""Retries, timeouts and secrets of a task."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]


def test_retries_run_as_often_as_they_say_and_then_fail(project: MakeProject) -> None:
    code = """
    import flyte
    seen = []

    @flyte.task(retries=2)
    {0}def main() -> None:
        seen.append(flyte.ctx().attempt)
        raise OSError(f"attempts so far: {{seen}}")
    """
    for kind in ("", "async "):
        made = project({"app.py": code.format(kind)}, name=f"k{len(kind)}")
        result = made.flyte("run", "app.py", "main").expect(1)
        assert "attempts so far: [1, 2, 3]" in result.err
        assert "attempt 3 of 3" in result.err


def test_non_recoverable_errors_are_not_retried(project: MakeProject) -> None:
    code = """
    import flyte, flyte.errors
    seen = []

    @flyte.task(retries=5)
    def main() -> None:
        seen.append(1)
        raise flyte.errors.NonRecoverableError(f"tried {len(seen)} times")
    """
    made = project({"app.py": code})
    assert "tried 1 times" in made.flyte("run", "app.py", "main").expect(1).err


def test_waits_between_retries_grow(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task(retries=flyte.RetryStrategy(count=3, backoff=0.01, backoff_factor=3))
    async def main() -> int:
        if flyte.ctx().attempt < 4:
            raise OSError("not yet")
        return flyte.ctx().attempt
    """
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect()
    assert result.out == "4\n"
    assert [float(line.split("starts in ")[1].split()[0]) for line in result.err.splitlines()] == pytest.approx(
        [0.01, 0.03, 0.09]
    )


TIMEOUT = """
import asyncio, time
import flyte

@flyte.task(timeout=0.1)
async def slow_async() -> None:
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up", flush=True)

@flyte.task(timeout=0.1)
def slow_sync() -> None:
    time.sleep(60)

@flyte.task(timeout=0.1, retries=1)
def slow_once() -> int:
    if flyte.ctx().attempt == 1:
        time.sleep(60)
    return flyte.ctx().attempt

@flyte.task
async def parent() -> None:
    await asyncio.gather(slow_sync.aio(), slow_async())

@flyte.task(timeout=30)
def quick() -> str:
    return "in time"
"""


@pytest.mark.parametrize("task", ["slow_async", "slow_sync", "parent"])
def test_a_timeout_ends_the_attempt_and_the_process_does_not_wait(project: MakeProject, task: str) -> None:
    made = project({"app.py": TIMEOUT})
    result = made.flyte("run", "app.py", task, timeout=50).expect(1)
    # The traceback of a caller ends with the message as well; the task's own would show no frame.
    assert result.err.count("ran for longer than its timeout") == (2 if task == "parent" else 1)
    assert "\n  at app.py:" in result.err
    assert "0.1" in result.err
    assert "TaskTimeoutError" in result.err


def test_a_timed_out_coroutine_is_cancelled_so_that_it_can_clean_up(project: MakeProject) -> None:
    made = project({"app.py": TIMEOUT})
    assert made.flyte("run", "app.py", "slow_async").expect(1).out == "cleaned up\n"


def test_a_timed_out_attempt_is_retried(project: MakeProject) -> None:
    made = project({"app.py": TIMEOUT})
    assert made.flyte("run", "app.py", "slow_once", timeout=20).expect().out == "2\n"
    assert made.flyte("run", "app.py", "quick").expect().out == "in time\n"


def test_a_timeout_error_of_the_users_own_is_the_users_own(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte

                @flyte.task(timeout=30)
                async def main() -> None:
                    raise TimeoutError('the server is slow')
            """
        }
    )
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "TimeoutError: the server is slow" in result.err
    assert "TaskTimeoutError" not in result.err


SECRET = """
import os
import flyte

secrets = [flyte.Secret("token", group="db"), flyte.Secret("plain-key", as_env_var="RENAMED")]
env = flyte.TaskEnvironment(name="env", secrets=secrets)

@env.task
def main() -> str:
    return f"{os.environ['DB_TOKEN']} {os.environ['RENAMED']}"

other = flyte.TaskEnvironment(name="other")

@other.task
async def parent() -> str:
    return await main.aio()
"""


def test_secrets_come_from_the_environment_or_from_files(project: MakeProject) -> None:
    made = project({"app.py": SECRET})
    assert made.flyte("run", "app.py", "main", env={"DB_TOKEN": "t", "PLAIN_KEY": "k"}).expect().out == "t k\n"
    made.write({".flyte/secrets/db/token": "from-file\n", ".flyte/secrets/plain-key": "k2"})
    assert made.flyte("run", "app.py", "main").expect().out == "from-file k2\n"
    assert made.flyte("run", "app.py", "main", env={"DB_TOKEN": "env"}).expect().out == "env k2\n"


def test_missing_secrets_are_all_named_before_anything_runs(project: MakeProject) -> None:
    made = project({"app.py": SECRET})
    result = made.flyte("run", "app.py", "main").expect(3)
    for text in ("DB_TOKEN", "PLAIN_KEY", ".flyte/secrets"):
        assert text in result.err
    assert made.flyte("run", "--json", "app.py", "main").expect(3).json["error"]["code"] == "NotReadyError"


def test_a_missing_secret_of_a_child_has_the_same_exit_code(project: MakeProject) -> None:
    made = project({"app.py": SECRET})
    result = made.flyte("run", "app.py", "parent").expect(3)
    assert "DB_TOKEN" in result.err
