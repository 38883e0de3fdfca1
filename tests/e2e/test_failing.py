"""Tasks that fail: the chain that led there, only the frames of the user, exit 1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.frames import only_user_frames
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


OURS = """
import flyte
from flyte.io import File

env = flyte.TaskEnvironment(name="env")
locked = flyte.TaskEnvironment(name="locked", secrets=[flyte.Secret("no-such-secret")])

@env.task
def child() -> str:
    return File.from_local_sync("nope").path

@env.task
def parent() -> str:
    return child()

@env.task
def catches() -> str:
    try:
        return child()
    except flyte.errors.RuntimeUserError as error:
        return f"{error.code} from {type(error.__cause__).__name__}"

@locked.task
def secret() -> int:
    return 1

@env.task
def asks() -> int:
    return secret()
"""


def test_what_our_own_verbs_raise_in_a_task_is_a_failure_of_the_task(project: MakeProject) -> None:
    made = project({"app.py": OURS})
    result = made.flyte("run", "app.py", "parent").expect(1)
    assert "error: env.parent → env.child failed: UsageError: nope is no file" in result.err
    assert "at app.py:9" in result.err
    only_user_frames(result.err, made)
    assert made.flyte("run", "app.py", "catches").expect().out == "UsageError from UsageError\n"


@pytest.mark.parametrize("task", ["secret", "asks"])
def test_a_missing_secret_is_no_failure_of_the_task(project: MakeProject, task: str) -> None:
    result = project({"app.py": OURS}).flyte("run", "app.py", task).expect(3)
    assert "no-such-secret" in result.err
    assert "failed:" not in result.err
