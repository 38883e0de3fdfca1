"""Environments: their checks, their clones, and the decorator that makes tasks."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.cache import Cache
from flytectl_py.model.environment import Environment, TaskEnvironment, task
from flytectl_py.model.image import Image
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.model.resources import Resources
from flytectl_py.model.retry import RetryStrategy, Timeout
from flytectl_py.model.reuse import ReusePolicy
from flytectl_py.model.task import Documentation, Task


@pytest.fixture
def registry() -> Registry:
    return current_registry.get()


def add(x: int, y: int = 1) -> int:
    """Add."""
    return x + y


async def add_later(x: int) -> int:
    return x + 1


def test_the_decorator_in_both_forms() -> None:
    env = TaskEnvironment("etl")
    bare = env.task(add)
    called = env.task(short_name="sum", retries=2)(add)
    assert (bare.name, called.name) == ("etl.add", "etl.sum")
    assert env.tasks == {"etl.add": bare, "etl.sum": called}
    assert (bare(2), called(2, y=3)) == (3, 5)
    assert (vars(bare)["__name__"], bare.__doc__, bare.is_async) == ("add", "Add.", False)
    assert env.task(add_later).is_async
    assert env.task(name="older")(add).short_name == "older"


def test_the_settings_of_a_task() -> None:
    env = TaskEnvironment("etl", cache="auto")
    plain, special = env.task(add), env.task(short_name="b", cache="disable", retries=3, timeout=5, report=True)(add)
    assert (plain.settings.cache, plain.settings.retries.count, plain.settings.timeout) == (Cache("auto"), 0, None)
    assert special.settings.cache == Cache("disable")
    assert special.settings.retries == RetryStrategy(3)
    assert special.settings.timeout == Timeout(5)
    assert special.settings.report


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cache": "atuo"}, "did you mean 'auto'?"),
        ({"retries": -1}, "retries"),
        ({"timeout": "1m"}, "timeout"),
        ({"max_inline_io_bytes": -1}, "max_inline_io_bytes"),
    ],
)
def test_wrong_settings_of_a_task(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        TaskEnvironment("etl").task(**settings)(add)
    assert said in str(caught.value)


def test_a_task_of_another_environment_is_decorated_as_its_function() -> None:
    first, second = TaskEnvironment("first"), TaskEnvironment("second")
    one = first.task(add_later)
    other = second.task(one)
    assert (one.name, other.name) == ("first.add_later", "second.add_later")
    assert other.environment is second
    assert other.func is add_later
    assert other.is_async


def test_add_task() -> None:
    first, second = TaskEnvironment("first"), TaskEnvironment("second")
    added = second.add_task(first.task(retries=2)(add))
    assert (added.name, added.settings.retries.count) == ("second.add", 2)
    assert second.tasks == {"second.add": added}
    with pytest.raises(DeclarationError, match="give a task"):
        second.add_task(add)  # type: ignore[arg-type]


def test_a_second_task_of_one_name() -> None:
    env = TaskEnvironment("etl")
    env.task(add)
    again = env.task(add)
    assert env.tasks == {"etl.add": again}
    foreign = types.FunctionType(
        compile("def add(): pass", "other.py", "exec").co_consts[0], {"__name__": "other"}, "add"
    )
    with pytest.raises(DeclarationError, match="has a task of that name"):
        env.task(foreign)
    assert env.tasks == {"etl.add": again}


def test_what_cannot_be_a_task() -> None:
    for wrong in ("name", 1):
        with pytest.raises(DeclarationError, match="decorate a function"):
            TaskEnvironment("etl").task(wrong)  # type: ignore[call-overload]


def test_a_generator_is_no_task() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1

    def plain() -> Iterator[int]:
        yield 1

    env = TaskEnvironment("etl")
    for wrong in (items, plain):
        with pytest.raises(DeclarationError, match="a task returns one value: return a list instead of `yield`"):
            env.task(wrong)
    assert env.tasks == {}


def test_a_clone_takes_the_settings_but_not_the_tasks() -> None:
    other = Environment("other")
    env = TaskEnvironment("etl", depends_on=[other], resources=Resources(cpu=1), cache="auto", env_vars={"A": "1"})
    env.task(add)
    clone = env.clone_with("ml", resources=Resources(cpu=2), reusable=ReusePolicy())
    assert isinstance(clone, TaskEnvironment)
    assert (clone.name, clone.cache, clone.env_vars, clone.tasks) == ("ml", "auto", {"A": "1"}, {})
    assert (clone.resources, clone.reusable) == (Resources(cpu=2), ReusePolicy())
    clone.add_dependency(env)
    assert (env.depends_on, clone.depends_on) == ([other], [other, env])
    with pytest.raises(DeclarationError, match="did you mean 'reusable'"):
        env.clone_with("x", reuseable=None)


def test_dependencies() -> None:
    env, other = Environment("env"), Environment("other")
    env.add_dependency(other, other)
    assert env.depends_on == [other]
    for wrong in (env, "other"):
        with pytest.raises(DeclarationError, match="other environments"):
            env.add_dependency(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "my env"}, "TaskEnvironment(name=…)"),
        ({"name": "-a"}, "name=…"),
        ({"name": ""}, "name=…"),
        ({"image": 1}, "flyte.Image"),
        ({"resources": {"cpu": 1}}, "flyte.Resources"),
        ({"include": "data"}, "a tuple"),
        ({"secrets": 1}, "secrets=…"),
        ({"env_vars": {"A": 1}}, "text"),
        ({"env_vars": {"A=B": "1"}}, "no '='"),
        ({"depends_on": ["x"]}, "environments"),
        ({"cache": "on"}, "did you mean 'auto'?"),
        ({"reusable": 2}, "flyte.ReusePolicy"),
    ],
)
def test_a_wrong_environment(given: dict[str, Any], said: str, registry: Registry) -> None:
    with pytest.raises(DeclarationError) as caught:
        TaskEnvironment(**{"name": "etl", **given})
    assert said in str(caught.value)
    assert list(registry) == []


def test_an_environment_with_everything() -> None:
    env = TaskEnvironment(
        "etl",
        image=Image.from_debian_base().with_pip_packages("pandas"),
        secrets=["my-secret"],
        include=("data/*.csv",),
        interruptible=True,
    )
    assert env.include == ("data/*.csv",)
    assert {env: 1}[env] == 1


def test_tasks_without_an_environment_share_one(registry: Registry) -> None:
    one, two = task(add), task(retries=2)(add_later)
    (environment,) = registry
    assert environment.name == "default"
    assert (one.name, two.name, two.settings.retries.count) == ("default.add", "default.add_later", 2)
    assert one.environment is two.environment is environment


def test_tasks_without_an_environment_join_the_users_default() -> None:
    mine = TaskEnvironment("default")
    assert task(add).environment is mine


def test_override() -> None:
    env = TaskEnvironment("etl")
    one = env.task(retries=1, docs=Documentation("Adds."))(add)
    other = one.override(retries=5, short_name="more")
    assert isinstance(other, Task)
    assert (one.settings.retries.count, other.settings.retries.count) == (1, 5)
    assert (other.name, other.settings.docs) == ("etl.more", Documentation("Adds."))
    with pytest.raises(DeclarationError, match="did you mean 'retries'"):
        one.override(retrys=5)
    with pytest.raises(DeclarationError, match="retries"):
        one.override(retries=-5)
