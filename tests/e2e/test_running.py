"""How tasks run together: blocking and async code mixed, with their context and environment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]


MIXED = """
import asyncio
import flyte

@flyte.task
def add(x: int) -> int:
    return x + 1

@flyte.task
async def double(x: int) -> int:
    return 2 * x

@flyte.task
async def sync_from_async() -> int:
    return add(1) + await add.aio(2) + await double(3) + await double.aio(4)

@flyte.task
def async_from_sync() -> int:
    return asyncio.run(double(5)) + add(6)

@flyte.task
def coroutine_function_from_sync() -> int:
    async def both():
        return sum(await asyncio.gather(double(1), double.aio(2), add.aio(3)))
    return asyncio.run(both())

@flyte.task
async def deep() -> int:
    return async_from_sync() + await async_from_sync.aio() + await sync_from_async()

@flyte.task
def down(n: int = 30) -> int:
    return 0 if n == 0 else 1 + down(n - 1)
"""


@pytest.mark.parametrize(
    ("task", "result", "actions"),
    [
        ("sync_from_async", 2 + 3 + 6 + 8, 5),
        ("async_from_sync", 17, 3),
        ("coroutine_function_from_sync", 2 + 4 + 4, 4),
        ("deep", 17 + 17 + 19, 1 + 3 + 3 + 5),
        ("down", 30, 31),
    ],
)
def test_blocking_and_async_tasks_call_each_other(project: MakeProject, task: str, result: int, actions: int) -> None:
    made = project({"app.py": MIXED})
    document = made.flyte("run", "--json", "app.py", task).expect().json
    assert (document["outputs"], document["actions"]) == ({"o0": result}, actions)


def test_trace_counts_functions_coroutines_and_streams(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.trace
    def plain(x: int) -> int:
        return x

    @flyte.trace
    async def waited(x: int) -> int:
        return x

    @flyte.trace
    async def stream(n: int):
        for i in range(n):
            yield i

    @flyte.task
    async def main() -> int:
        return plain(1) + await waited(2) + sum([x async for x in stream(4)])

    @flyte.task
    async def fails() -> None:
        @flyte.trace
        def broken():
            raise LookupError("in the trace")
        broken()
    """
    made = project({"app.py": code})
    document = made.flyte("run", "--json", "app.py", "main").expect().json
    assert (document["outputs"], document["actions"]) == ({"o0": 9}, 4)
    assert "in the trace" in made.flyte("run", "app.py", "fails").expect(1).err


def test_the_context_of_a_task_names_its_action_run_project_domain_and_place(project: MakeProject) -> None:
    code = """
    import asyncio
    import flyte

    assert flyte.ctx() is None

    def about() -> dict[str, object]:
        c = flyte.ctx()
        a = c.action
        return {"action": a.name, "run": a.run_name, "project": a.project, "domain": a.domain, "mode": c.mode,
                "attempt": c.attempt, "output": c.output_path, "group": c.group, "task": c.task,
                "current": flyte.current_domain()}

    @flyte.task
    async def child() -> dict[str, object]:
        await asyncio.sleep(0)
        return about()

    @flyte.task
    async def main() -> list[dict[str, object]]:
        with flyte.group("first"):
            inside = await child()
        rest = await asyncio.gather(child(), child())
        return [about(), inside, *rest]
    """
    made = project({"app.py": code})
    seen = made.flyte("run", "app.py", "main", "--name", "r1", "-p", "p1", "-d", "staging").expect().json
    assert [each["action"] for each in seen] == ["a0", "a1", "a2", "a3"]
    assert [each["group"] for each in seen] == [None, "first", None, None]
    assert len({each["output"] for each in seen}) == 4
    for each in seen:
        assert (each["run"], each["project"], each["domain"], each["mode"], each["attempt"]) == (
            "r1",
            "p1",
            "staging",
            "local",
            1,
        )
        assert each["current"] == "staging"
    assert [each["task"] for each in seen] == ["default.main", *["default.child"] * 3]


ENVIRONMENTS = """
import asyncio, os, subprocess, threading
import flyte

one = flyte.TaskEnvironment(name="one", env_vars={"WHO": "one", "ONLY_ONE": "1"})
two = flyte.TaskEnvironment(name="two", env_vars={"WHO": "two"})
main_env = flyte.TaskEnvironment(name="main", depends_on=[one, two])
meet = asyncio.Barrier(2)
threads = threading.Barrier(2, timeout=20)

def seen() -> str:
    child = subprocess.run(["sh", "-c", "echo $WHO"], capture_output=True, text=True).stdout.strip()
    return f"{os.environ['WHO']} {os.getenv('ONLY_ONE')} {child}"

async def slowly() -> str:
    first = os.environ["WHO"]
    async with asyncio.timeout(20):
        await meet.wait()
    second = os.environ["WHO"]
    await asyncio.sleep(0)
    return f"{first} {second} {os.environ['WHO']}"

def on_thread() -> str:
    first = os.environ["WHO"]
    threads.wait()
    return f"{first} {os.environ['WHO']}"

@one.task
async def async_one() -> str:
    return await slowly()

@two.task
async def async_two() -> str:
    return await slowly()

@one.task
def thread_one() -> str:
    return on_thread()

@two.task
def thread_two() -> str:
    return on_thread()

@one.task
def shows() -> str:
    return seen()

@main_env.task
async def main() -> list[str]:
    before = "WHO" in os.environ
    found = list(await asyncio.gather(async_one(), async_two(), thread_one.aio(), thread_two.aio()))
    return [*found, shows(), f"{before} {'WHO' in os.environ}"]
"""


def test_env_vars_belong_to_their_environment_also_while_two_run_at_once(project: MakeProject) -> None:
    made = project({"app.py": ENVIRONMENTS})
    seen = made.flyte("run", "app.py", "main").expect().json
    assert seen == ["one one one", "two two two", "one one", "two two", "one 1 one", "False False"]


def test_env_vars_are_the_parents_own_again_after_a_child_of_another_environment(project: MakeProject) -> None:
    code = """
    import os
    import flyte

    one = flyte.TaskEnvironment(name="one", env_vars={"WHO": "one"})
    two = flyte.TaskEnvironment(name="two", env_vars={"WHO": "two"})

    @two.task
    def child() -> str:
        seen, os.environ["WHO"] = os.environ["WHO"], "changed"
        return seen

    @one.task
    def main() -> list[str]:
        return [os.environ["WHO"], child(), os.environ["WHO"], child(), dict(os.environ)["WHO"]]
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().json == ["one", "two", "one", "two", "one"]


def test_env_vars_of_the_run_win_over_those_of_an_environment(project: MakeProject) -> None:
    made = project({"app.py": ENVIRONMENTS})
    assert made.flyte("run", "-e", "WHO=run", "app.py", "shows").expect().out == "run 1 run\n"


def test_the_users_own_thread_and_executor_pools_work_in_tasks(project: MakeProject) -> None:
    code = """
    import asyncio, contextvars
    from concurrent.futures import ThreadPoolExecutor
    import flyte

    @flyte.task
    def child(x: int) -> int:
        return x + 1

    @flyte.task
    def main() -> list[int]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(child, range(4)))

    @flyte.task
    async def to_thread() -> int:
        return await asyncio.to_thread(child, 1)
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main").expect().json == [1, 2, 3, 4]
    assert made.flyte("run", "--json", "app.py", "to_thread").expect().json["actions"] == 2


def test_a_coroutine_nobody_awaits_does_not_hang_the_run(project: MakeProject) -> None:
    code = """
    import asyncio
    import flyte

    @flyte.task
    async def child() -> None:
        await asyncio.sleep(60)

    @flyte.task
    async def main() -> int:
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        return 1
    """
    made = project({"app.py": code})
    assert made.flyte("run", "app.py", "main", timeout=20).expect().out == "1\n"


def test_state_of_a_module_is_shared_by_the_tasks_of_a_run(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
                import flyte
                seen = []

                @flyte.task
                def child(x: int) -> None:
                    seen.append(x)

                @flyte.task
                def main() -> list[int]:
                    child(1)
                    child(2)
                    return seen
            """
        }
    )
    assert made.flyte("run", "app.py", "main").expect().json == [1, 2]


def test_tasks_go_to_pools_of_processes_like_functions(project: MakeProject) -> None:
    text = """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        import flyte

        @flyte.task
        def double(x: int) -> int:
            return 2 * x

        @flyte.task
        def main() -> list[int]:
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                return list(pool.map(double, [1, 2]))
        """
    assert project({"app.py": text}).flyte("run", "app.py", "main").expect().out == "[2, 4]\n"


def test_failed_calls_of_a_map_are_told(project: MakeProject) -> None:
    text = """
        import flyte

        @flyte.task
        def odd_fails(x: int) -> int:
            if x % 2:
                raise ValueError(f"odd {x}")
            return x

        @flyte.task
        def main(n: int) -> int:
            return len(list(flyte.map(odd_fails, range(n))))
        """
    result = project({"app.py": text}).flyte("run", "app.py", "main", "--n", "5").expect()
    assert result.out == "5\n"
    assert "2 of 5 mapped calls of default.odd_fails failed" in result.err
    assert "ValueError: odd 1" in result.err


@pytest.mark.parametrize(("name", "number"), [("TERM", 15), ("HUP", 1)])
def test_a_run_that_is_ended_from_outside_cleans_up_and_says_so(project: MakeProject, name: str, number: int) -> None:
    text = """
        import os, signal, time
        import flyte

        @flyte.task
        def main(number: int) -> None:
            try:
                os.kill(os.getpid(), number)
                time.sleep(20)
            finally:
                open("cleaned.txt", "w").close()
        """
    made = project({"app.py": text})
    result = made.flyte("run", "app.py", "main", "--number", str(number), "--json").expect(128 + number)
    assert result.json["error"]["code"] == "Interrupted"
    assert f"SIG{name}" in result.json["error"]["message"]
    assert made.read("cleaned.txt") == ""
