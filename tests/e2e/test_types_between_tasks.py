"""Types of what tasks hand to each other, in a run on this machine: as a cluster judges them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

APP = """
import asyncio
from typing import NamedTuple
import flyte

env = flyte.TaskEnvironment("app")

class Pair(NamedTuple):
    a: int
    b: str

@env.task
def plain(x: int, factor: float = 1.0) -> int:
    print("ran")
    return x

@env.task
async def coroutine(x: int, names: list[str]) -> int:
    print("ran")
    return x

@env.task(retries=1)
def liar(x: int) -> int:
    print("ran")
    return "no"

@env.task
async def async_liar() -> tuple[int, list[str]]:
    return 1, [2]

@env.task
def pair() -> Pair:
    return Pair(1, "b")

@env.task
def nothing() -> None:
    return "ignored"

@env.task
def calls_plain() -> int:
    return plain("three")

@env.task
async def calls_coroutine() -> int:
    return await coroutine(1, names=[3])

@env.task
async def calls_aio() -> int:
    return await plain.aio(1, "two")

@env.task
def calls_liar() -> int:
    return liar(1)

@env.task
async def calls_async_liar() -> int:
    return (await async_liar())[0]

@env.task
def fits() -> float:
    nothing()
    return plain(True, 2) + pair()[0]
"""


@pytest.fixture
def app(project: Callable[..., Project]) -> Project:
    return project({"app.py": APP})


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("calls_plain", "cannot call app.plain: input 'x': got \"three\"; takes an integer"),
        ("calls_coroutine", "cannot call app.coroutine: input 'names': [0]: got 3"),
        ("calls_aio", "cannot call app.plain: input 'factor': got \"two\"; takes a number"),
    ],
)
def test_a_call_with_another_type_is_refused_where_it_is_made(app: Project, task: str, said: str) -> None:
    failed = app.flyte("run", "app.py", task, "--json").expect(1)
    assert (failed.json["error"]["code"], "ran" in failed.err) == ("BadInputsError", False)
    assert said in failed.json["error"]["message"]


@pytest.mark.parametrize(
    ("task", "said", "times"),
    [
        ("calls_liar", 'o0 of app.liar: got "no"; takes an integer', 2),
        ("calls_async_liar", "o1 of app.async_liar: [0]: got 2", 0),
    ],
)
def test_a_value_of_another_type_fails_the_attempt(app: Project, task: str, said: str, times: int) -> None:
    failed = app.flyte("run", "app.py", task, "--json").expect(1)
    assert failed.json["error"]["code"] == "DataValidationError"
    assert said in failed.json["error"]["message"]
    assert failed.err.splitlines().count("ran") == times


def test_what_fits_is_handed_over(app: Project) -> None:
    # A bool for an integer, an integer for a float: a cluster takes them as well.
    assert app.flyte("run", "app.py", "fits").expect().out == "ran\n2\n"
