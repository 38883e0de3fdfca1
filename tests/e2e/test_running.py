"""How tasks run together: at the same time, from blocking and from async code, with their context and environment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]

# Barriers break unless all who meet there are under way at once, so these tests hang on no clock.
OVERLAP = """
import asyncio, threading
import flyte

N = 8
together = asyncio.Barrier(N)
threads = threading.Barrier(N, timeout=20)

@flyte.task
async def child(x: int) -> int:
    async with asyncio.timeout(20):
        await together.wait()
    return x

@flyte.task
def blocking(x: int) -> int:
    threads.wait()
    return x

@flyte.task
async def gathered() -> list[int]:
    return await asyncio.gather(*(child(x) for x in range(N)))

@flyte.task
async def gathered_threads() -> list[int]:
    return await asyncio.gather(*(blocking.aio(x) for x in range(N)))

@flyte.task
async def groups() -> list[int]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(child(x)) for x in range(N)]
    return [each.result() for each in running]

@flyte.task
def mapped() -> list[int]:
    return list(flyte.map(child, range(N)))

@flyte.task
def mapped_threads() -> list[int]:
    return list(flyte.map(blocking, range(N)))

@flyte.task
async def mapped_async() -> list[int]:
    return [x async for x in flyte.map.aio(child, range(N))]

@flyte.task
async def mapped_async_threads() -> list[int]:
    return [x async for x in flyte.map.aio(blocking, range(N))]

@flyte.task
def mapped_with_bound() -> list[int]:
    return list(flyte.map(blocking, range(N), concurrency=N))
"""


@pytest.mark.parametrize(
    "task",
    [
        "gathered",
        "gathered_threads",
        "groups",
        "mapped",
        "mapped_threads",
        "mapped_async",
        "mapped_async_threads",
        "mapped_with_bound",
    ],
)
def test_children_are_under_way_at_the_same_time(project: MakeProject, task: str) -> None:
    made = project({"app.py": OVERLAP})
    result = made.flyte("run", "--json", "app.py", task).expect().json
    assert result["outputs"]["o0"] == list(range(8))
    assert result["actions"] == 9


BOUND = """
import asyncio, threading
import flyte

lock = threading.Lock()
running = most = 0
pair = threading.Barrier(3, timeout=20)

@flyte.task
def blocking(x: int) -> int:
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    pair.wait()
    with lock:
        running -= 1
    return x

@flyte.task
async def child(x: int) -> int:
    global running, most
    running += 1
    most = max(most, running)
    for _ in range(5):
        await asyncio.sleep(0)
    running -= 1
    return x

@flyte.task
def threads() -> tuple[list[int], int]:
    return list(flyte.map(blocking, range(9), concurrency=3)), most

@flyte.task
def coroutines() -> tuple[list[int], int]:
    return list(flyte.map(child, range(9), concurrency=3)), most

@flyte.task
async def coroutines_async() -> tuple[list[int], int]:
    return [x async for x in flyte.map.aio(child, range(9), concurrency=3)], most
"""


@pytest.mark.parametrize("task", ["threads", "coroutines", "coroutines_async"])
def test_concurrency_bounds_how_many_run_at_once(project: MakeProject, task: str) -> None:
    made = project({"app.py": BOUND})
    assert made.flyte("run", "--json", "app.py", task).expect().json["outputs"] == {"o0": list(range(9)), "o1": 3}


MAP = """
import asyncio, functools, random, time
import flyte

@flyte.task
def divide(a: int, b: int = 1) -> float:
    time.sleep(0.002 * (5 - a % 5))
    return a / b

@flyte.task
async def divide_async(a: int, b: int = 1) -> float:
    for _ in range(10 - a):
        await asyncio.sleep(0)
    return a / b

def named(results):
    return [type(x).__name__ if isinstance(x, Exception) else x for x in results]

@flyte.task
def order() -> list[float]:
    return list(flyte.map(divide, range(10))) + list(flyte.map(divide_async, range(10)))

@flyte.task
def side_by_side() -> list[float]:
    return list(flyte.map(divide, [8, 9, 10], [2, 3]))

@flyte.task
def partial() -> list[float]:
    return list(flyte.map(functools.partial(divide, b=2), [2, 4]))

@flyte.task
def kept() -> list[str | float]:
    return named(flyte.map(divide, [1, 1, 4], [1, 0, 2]))

@flyte.task
async def kept_async() -> list[str | float]:
    return named([x async for x in flyte.map.aio(divide_async, [1, 1, 4], [1, 0, 2])])

@flyte.task
def raised() -> list[float]:
    return list(flyte.map(divide, [1, 1, 4], [1, 0, 2], return_exceptions=False))

@flyte.task
def broken_inputs() -> list[float]:
    def inputs():
        yield 1
        raise LookupError("no more inputs")
    return list(flyte.map(divide, inputs()))

@flyte.task
def stopped() -> float:
    for result in flyte.map(divide, range(1000), concurrency=2):
        return result

@flyte.task
def empty() -> list[float]:
    return list(flyte.map(divide, []))

@flyte.task
def negative() -> None:
    flyte.map(divide, [1], concurrency=-1)
"""


@pytest.mark.parametrize(
    ("task", "result"),
    [
        ("order", [float(x) for x in range(10)] * 2),
        ("side_by_side", [4.0, 3.0]),
        ("partial", [1.0, 2.0]),
        ("kept", [1.0, "RuntimeUserError", 2.0]),
        ("kept_async", [1.0, "RuntimeUserError", 2.0]),
        ("stopped", 0.0),
        ("empty", []),
    ],
)
def test_map_gives_results_in_the_order_of_the_inputs(project: MakeProject, task: str, result: object) -> None:
    made = project({"app.py": MAP})
    assert made.flyte("run", "--json", "app.py", task).expect().json["outputs"]["o0"] == result


@pytest.mark.parametrize(
    ("task", "says", "code"),
    [("raised", "ZeroDivisionError", 1), ("broken_inputs", "no more inputs", 1), ("negative", "concurrency", None)],
)
def test_map_raises_what_it_must(project: MakeProject, task: str, says: str, code: int | None) -> None:
    made = project({"app.py": MAP})
    result = made.flyte("run", "app.py", task)
    assert result.code == code if code is not None else result.code in (1, 2)
    assert says in result.err


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


def test_maps_within_maps_do_not_wait_for_each_other(project: MakeProject) -> None:
    code = """
    import flyte

    @flyte.task
    def leaf(x: int) -> int:
        return x

    @flyte.task
    def branch(x: int) -> int:
        return sum(flyte.map(leaf, range(x), concurrency=2))

    @flyte.task
    def main() -> int:
        return sum(flyte.map(branch, range(20), concurrency=20))
    """
    made = project({"app.py": code})
    document = made.flyte("run", "--json", "app.py", "main", timeout=30).expect().json
    assert (document["outputs"], document["actions"]) == ({"o0": 1140}, 1 + 20 + 190)


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
