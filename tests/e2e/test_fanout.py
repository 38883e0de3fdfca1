"""Many children: under way at the same time, bounded, and in the order of their inputs."""

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
