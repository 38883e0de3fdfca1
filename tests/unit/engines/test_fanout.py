"""flyte.map: order, overlap, bounds, failures, in blocking and in async code, inside and outside a run."""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import flyte
from flytectl_py.errors import DeclarationError, RuntimeUserError

env = flyte.TaskEnvironment("fanout")


@env.task
def square(x: int) -> int:
    return x * x


@env.task
async def async_square(x: int) -> int:
    await asyncio.sleep(0)
    return x * x


@env.task
def odd_fails(x: int) -> int:
    if x % 2:
        raise ValueError(f"odd {x}")
    return x


@env.task
async def async_odd_fails(x: int) -> int:
    return odd_fails.func(x)


class Load:
    """Counts how many calls are under way at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


async def collected(*args: Any, **kwargs: Any) -> list[Any]:
    return [each async for each in flyte.map.aio(*args, **kwargs)]


@pytest.mark.parametrize("task", [square, async_square])
@pytest.mark.parametrize("concurrency", [0, 1, 3])
def test_results_come_in_the_order_of_the_inputs(task: Any, concurrency: int) -> None:
    @env.task
    def blocking() -> list[int]:
        return list(flyte.map(task, range(20), concurrency=concurrency))

    @env.task
    async def awaiting() -> list[int]:
        return await collected(task, range(20), concurrency=concurrency)

    expected = [x * x for x in range(20)]
    for parent in (blocking, awaiting):
        run = flyte.run(parent)
        assert (run.outputs().o0, run.actions) == (expected, 21)
    assert list(flyte.map(task, range(20))) == expected  # outside a run
    assert asyncio.run(collected(task, range(20))) == expected


@pytest.mark.parametrize("bound", [1, 3])
def test_no_more_calls_run_at_once_than_asked_for(bound: int) -> None:
    load = Load()
    full = threading.Event()
    async_load = Load()

    @env.task
    def blocks(x: int) -> int:
        with load:
            if load.most == bound:
                full.set()
            full.wait(20)
        return x

    @env.task
    async def waits(x: int) -> int:
        with async_load:
            for _ in range(5):
                await asyncio.sleep(0)
        return x

    assert list(flyte.map(blocks, range(12), concurrency=bound)) == list(range(12))
    assert load.most == bound
    assert asyncio.run(collected(waits, range(12), concurrency=bound)) == list(range(12))
    assert async_load.most == bound


def test_a_slow_call_does_not_hold_up_the_ones_after_it() -> None:
    others_done = threading.Barrier(2, timeout=20)

    @env.task
    def first_waits_for_the_last(x: int) -> int:
        if x in (0, 9):
            others_done.wait()
        return x

    assert list(flyte.map(first_waits_for_the_last, range(10), concurrency=2)) == list(range(10))


@pytest.mark.parametrize("task", [odd_fails, async_odd_fails])
def test_failures_are_results_unless_asked_otherwise(task: Any) -> None:
    @env.task
    def gathers() -> list[str]:
        return [type(each).__name__ if isinstance(each, Exception) else str(each) for each in flyte.map(task, range(4))]

    @env.task
    def stops() -> list[int]:
        return list(flyte.map(task, range(4), return_exceptions=False))

    @env.task
    async def stops_too() -> list[int]:
        return await collected(task, range(4), return_exceptions=False)

    assert flyte.run(gathers).outputs().o0 == ["0", "RuntimeUserError", "2", "RuntimeUserError"]
    for parent in (stops, stops_too):
        with pytest.raises(RuntimeUserError, match="odd 1"):
            flyte.run(parent)


def test_several_iterables_go_side_by_side_and_a_partial_fixes_the_rest() -> None:
    @env.task
    def add(x: int, y: int, z: int = 0) -> int:
        return x + y + z

    assert list(flyte.map(add, [1, 2, 3], [10, 20])) == [11, 22]
    assert list(flyte.map(functools.partial(add, z=100), [1], [10])) == [111]
    assert asyncio.run(collected(functools.partial(add, z=100), [1], [10])) == [111]


def test_the_calls_are_grouped_under_the_tasks_name_or_the_one_given() -> None:
    @env.task
    def group_of(x: int) -> str | None:
        context = flyte.ctx()
        return context.group if context else None

    @env.task
    def parent() -> list[Any]:
        return [*flyte.map(group_of, [1]), *flyte.map(group_of, [1], group_name="named")]

    assert flyte.run(parent).outputs().o0 == ["group_of", "named"]


@pytest.mark.parametrize("task", [square, async_square])
def test_an_endless_iterable_is_read_as_far_as_needed(task: Any) -> None:
    results = flyte.map(task, itertools.count(), concurrency=2)
    assert list(itertools.islice(results, 5)) == [0, 1, 4, 9, 16]
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", [square, async_square])
def test_an_iterable_that_fails_fails_the_map_after_the_calls_before(task: Any) -> None:
    def breaks() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("no more rows")

    results = flyte.map(task, breaks(), concurrency=1)
    assert [next(results), next(results)] == [1, 4]
    with pytest.raises(LookupError, match="no more rows"):
        next(results)


def test_nothing_to_do_is_no_result() -> None:
    assert list(flyte.map(square, [])) == []
    assert list(flyte.map(async_square, [])) == []
    assert asyncio.run(collected(square, [])) == []


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((len, [1]), {}, "give a task"),
        ((square,), {}, "at least one iterable"),
        ((square, [1]), {"concurrency": -1}, "concurrency"),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(args: Any, kwargs: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        flyte.map(*args, **kwargs)
