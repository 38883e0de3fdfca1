"""Calls of tasks and traced functions, with and without an engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from flytectl_py.model.dispatch import current_dispatcher, trace
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.task import Task


class Recorder:
    """An engine that writes down what it is asked and then does it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def call(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.asked.append(("call", task.name, args, kwargs))
        return task.func(*args, **kwargs)

    async def call_async(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.asked.append(("call_async", task.name, args, kwargs))
        value = task.func(*args, **kwargs)
        return await value if task.is_async else value

    def trace(self, name: str, function: Callable[[], Any]) -> Any:
        self.asked.append(("trace", name))
        return function()

    async def trace_async(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        self.asked.append(("trace_async", name))
        return await function()

    async def trace_stream(self, name: str, function: Callable[[], AsyncIterator[Any]]) -> AsyncIterator[Any]:
        self.asked.append(("trace_stream", name))
        async for item in function():
            yield item


@pytest.fixture
def engine() -> Iterator[Recorder]:
    recorder = Recorder()
    token = current_dispatcher.set(recorder)
    yield recorder
    current_dispatcher.reset(token)


def add(x: int, y: int = 1) -> int:
    return x + y


async def add_later(x: int, y: int = 1) -> int:
    return x + y


async def count(n: int) -> AsyncIterator[int]:
    for each in range(n):
        yield each


async def all_of(items: AsyncIterator[int]) -> list[int]:
    return [item async for item in items]


def test_without_an_engine_a_task_is_its_function() -> None:
    env = TaskEnvironment("etl")
    plain, coroutine = env.task(add), env.task(add_later)
    assert plain(1, y=2) == 3
    assert asyncio.run(coroutine(1)) == 2
    assert asyncio.run(coroutine.aio(1)) == 2


def test_without_an_engine_aio_of_a_plain_function_leaves_the_loop_free() -> None:
    def where() -> int:
        return threading.get_ident()

    assert asyncio.run(TaskEnvironment("etl").task(where).aio()) != threading.get_ident()


def test_an_engine_gets_every_call(engine: Recorder) -> None:
    env = TaskEnvironment("etl")
    plain, coroutine = env.task(add), env.task(add_later)

    async def body() -> list[int]:
        return [await coroutine(3), await coroutine.aio(4), await plain.aio(5)]

    assert plain(1, y=2) == 3
    assert asyncio.run(body()) == [4, 5, 6]
    assert engine.asked == [
        ("call", "etl.add", (1,), {"y": 2}),
        ("call_async", "etl.add_later", (3,), {}),
        ("call_async", "etl.add_later", (4,), {}),
        ("call_async", "etl.add", (5,), {}),
    ]


def test_traced_functions_of_each_kind_without_an_engine() -> None:
    assert trace(add)(1) == 2
    assert asyncio.run(trace(add_later)(1)) == 2
    assert asyncio.run(all_of(trace(count)(3))) == [0, 1, 2]
    assert (trace(add).__name__, trace(count).__name__) == ("add", "count")


def test_traced_functions_of_each_kind_with_an_engine(engine: Recorder) -> None:
    assert trace(add)(1) == 2
    assert asyncio.run(trace(add_later)(1)) == 2
    assert asyncio.run(all_of(trace(count)(3))) == [0, 1, 2]
    assert engine.asked == [("trace", "add"), ("trace_async", "add_later"), ("trace_stream", "count")]
