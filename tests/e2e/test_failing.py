"""Tasks that fail, wait too long, lack a secret or are interrupted: what is said, and the exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.e2e.test_loading import only_user_frames
from tests.support.process import FLYTE
from tests.support.project import Project

MakeProject = Callable[..., Project]

CHAIN = """
import flyte

env = flyte.TaskEnvironment(name="env")

def helper(x):
    raise ValueError(f"bad value {x}")

@env.task
async def inner(x: int) -> int:
    return helper(x)

@env.task
async def middle(x: int) -> int:
    return await inner(x)

@env.task
async def main(x: int = 3) -> int:
    return await middle(x)
"""


def test_a_failing_task_shows_the_chain_of_tasks_and_the_users_frames(project: MakeProject) -> None:
    made = project({"app.py": CHAIN})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "env.main → env.middle → env.inner failed: ValueError: bad value 3" in result.err
    only_user_frames(result.err, made)
    for name in ("main", "middle", "inner", "helper"):
        assert f"in {name}" in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    "how", ["asyncio.run(child())", "child_sync()", "list(flyte.map(child_sync, *[[]], return_exceptions=False))"]
)
def test_the_chain_crosses_from_sync_to_async(project: MakeProject, how: str) -> None:
    code = f"""
    import asyncio
    import flyte

    env = flyte.TaskEnvironment(name="e")

    @env.task
    async def child() -> None:
        raise OSError(5, "in the child")

    @env.task
    def child_sync() -> None:
        asyncio.run(child())

    @env.task
    def main() -> None:
        {how if "map" not in how else "asyncio.run(child_sync.aio())"}
    """
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "e.main → " in result.err
    assert "→ e.child failed: OSError" in result.err
    only_user_frames(result.err, made)


def test_json_of_a_failing_task(project: MakeProject) -> None:
    made = project({"app.py": CHAIN})
    result = made.flyte("run", "--json", "app.py", "main").expect(1)
    error = result.json["error"]
    assert error["code"] == "ValueError"
    assert error["message"] == "env.main → env.middle → env.inner failed: ValueError: bad value 3"
    assert {"hint", "where"} <= set(error)
    only_user_frames(error["traceback"], made)


def test_verbose_twice_also_shows_our_own_frames(project: MakeProject) -> None:
    made = project({"app.py": CHAIN})
    assert "flytectl_py" in made.flyte("run", "-vv", "app.py", "main").expect(1).err


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("raise SystemExit(0)", "SystemExit"),
        ("import sys; sys.exit('stop here')", "stop here"),
        ("raise ExceptionGroup('several', [ValueError('a'), KeyError('b')])", "several"),
        ("raise RecursionError('deep')", "deep"),
        ("assert 1 == 2, 'not equal'", "not equal"),
        ("raise KeyError", "KeyError"),
        ("raise ValueError('größe ☃ \\udc80')", "größe ☃"),
    ],
)
def test_whatever_is_raised_ends_the_run_with_exit_1(project: MakeProject, statement: str, says: str) -> None:
    made = project({"app.py": f"import flyte\n\n@flyte.task\ndef main() -> None:\n    {statement}\n"})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert says in result.err
    assert "default.main" in result.err
    assert made.flyte("run", "--json", "app.py", "main").expect(1).json["error"]["code"]


def test_the_cause_of_an_exception_is_shown(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def main() -> None:
        try:
            {}["key"]
        except KeyError as error:
            raise ValueError("no such setting") from error
    """
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "KeyError" in result.err
    assert "no such setting" in result.err
    only_user_frames(result.err, made)


@pytest.mark.parametrize("value", ["1, 2, 3", "7", "None"])
def test_another_number_of_outputs_than_declared_is_a_failure_of_the_task(project: MakeProject, value: str) -> None:
    made = project({"app.py": f"import flyte\n\n@flyte.task\ndef main() -> tuple[int, int]:\n    return {value}\n"})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "default.main" in result.err
    assert "bug" not in result.err
    assert result.out == ""


@pytest.mark.parametrize("statement", ["raise asyncio.CancelledError('given up')", "raise Odd('odd')"])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_exceptions_that_are_no_errors_end_the_run_like_any_other(
    project: MakeProject, kind: str, statement: str
) -> None:
    code = f"""
    import asyncio
    import flyte

    class Odd(BaseException): ...

    @flyte.task
    {kind} main() -> None:
        {statement}
    """
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "default.main" in result.err
    only_user_frames(result.err, made)
    assert made.flyte("run", "--json", "app.py", "main").expect(1).json["error"]["message"]


def test_a_failure_in_a_task_group_names_the_child_that_failed(project: MakeProject) -> None:
    code = """
    import asyncio
    import flyte

    @flyte.task
    async def child(x: int) -> int:
        if x == 2:
            raise ValueError("two is bad")
        return x

    @flyte.task
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            for x in range(4):
                tasks.create_task(child(x))
    """
    made = project({"app.py": code})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "ValueError: two is bad" in result.err
    assert "flytectl_py" not in result.err
    assert "default.child" in result.err


def test_the_chain_of_a_deep_recursion_stays_readable(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n\n@flyte.task\ndef main() -> int:\n    return main()\n"})
    result = made.flyte("run", "app.py", "main").expect(1)
    assert "RecursionError" in result.err
    assert len(result.err) < 10_000


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
    result = made.flyte("run", "app.py", task, timeout=20).expect(1)
    assert "0.1" in result.err
    assert "TaskTimeoutError" in result.err
    assert result.seconds < 10


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
def test_control_c_ends_the_run_within_two_seconds_with_130(project: MakeProject, kind: str, as_json: bool) -> None:
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
            out, err = process.communicate(timeout=2)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err, err
    if as_json:
        assert '"Interrupted"' in out
        assert err == ""
    else:
        assert "interrupted" in err
        assert out == ""


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


def test_control_c_while_the_file_is_loading(project: MakeProject) -> None:
    made = project({"app.py": "import sys, time\nprint('begun', flush=True)\ntime.sleep(60)\n"})
    with made.flyte_on_terminal("run", "app.py", "main") as terminal:
        terminal.expect("begun")
        terminal.send("\x03")
        result = terminal.finish(5).expect(130)
    assert "Traceback" not in result.out
