"""The context of a running task, and groups."""

from __future__ import annotations

import asyncio

import pytest

from flytectl_py.model.context import ActionID, TaskContext, ctx, current_context, current_group, group


def test_outside_a_task_there_is_no_context() -> None:
    assert ctx() is None


def test_inside_a_task_there_is_one() -> None:
    context = TaskContext(ActionID("a0", "r1", "p", "d", "o"), "etl.f", "v", "local", 1, "/run", "/out", "/raw")
    token = current_context.set(context)
    try:
        assert ctx() is context
    finally:
        current_context.reset(token)
    assert ctx() is None


def test_groups_nest_and_end_with_their_block() -> None:
    with group("outer"):
        with group("inner"):
            assert current_group.get() == "inner"
        assert current_group.get() == "outer"
        with pytest.raises(KeyError), group("failing"):
            raise KeyError
        assert current_group.get() == "outer"
    assert current_group.get() is None


def test_groups_of_concurrent_coroutines_do_not_mix() -> None:
    async def inside(name: str) -> str | None:
        with group(name):
            await asyncio.sleep(0)
            return current_group.get()

    async def body() -> list[str | None]:
        return await asyncio.gather(*(inside(name) for name in "abc"))

    assert asyncio.run(body()) == ["a", "b", "c"]
