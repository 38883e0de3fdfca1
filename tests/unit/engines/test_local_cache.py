"""The cache of local runs, call by call: what is a hit, what is a miss, and who waits for whom."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import flyte
from flytectl_py.cache_store.locks import KeyLocks
from flytectl_py.engines.cache_key import Scope
from flytectl_py.engines.local_cache import LocalCache
from flytectl_py.errors import DeclarationError
from flytectl_py.model.cache import VersionParameters
from flytectl_py.model.task import Task

env = flyte.TaskEnvironment("cached", image="img:1", cache="auto")
NOWHERE = Scope("p", "d", {})


@env.task
def plain(x: Any, y: int = 2) -> Any:
    return x


@env.task(cache=flyte.Cache("auto", serialize=True))
async def serial(x: Any) -> Any:
    return x


class Calls:
    """A cache, and how often something had to run."""

    def __init__(self, folder: Path, **given: Any) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.runs = 0
        self._given = given
        self.cache = self.again()

    def again(self, scope: Scope = NOWHERE, **given: Any) -> LocalCache:
        """Return a cache for another run, over the same entries."""
        self.cache = LocalCache(self.folder, self.folder, self.notes.append, scope, **{**self._given, **given})
        return self.cache

    def __call__(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        def run() -> Any:
            self.runs += 1
            return task.func(*args, **kwargs)

        return self.cache.call(task, args, kwargs, run)


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    return Calls(tmp_path / "cache")


def made(task: Task[..., Any] = plain, **cache: Any) -> Task[..., Any]:
    return task.override(cache=flyte.Cache(cache.pop("behavior", "auto"), **cache))


def test_a_second_call_is_a_hit_however_the_inputs_are_given(calls: Calls) -> None:
    assert calls(plain, 1) == (1, False)
    assert [calls(plain, 1), calls(plain, x=1), calls(plain, 1, 2), calls(plain, y=2, x=1)] == [(1, True)] * 4
    calls.again()
    assert calls(plain, 1) == (1, True)
    assert [calls(plain, 1, 3)[1], calls(plain, 1.0)[1], calls(plain, True)[1], calls(plain, "1")[1]] == [False] * 4
    assert calls.notes == []


def test_a_hit_is_a_value_of_its_own(calls: Calls) -> None:
    value = calls(plain, [1, {"a": (2.5, b"x", None)}])[0]
    first, second = calls(plain, value)[0], calls(plain, value)[0]
    assert first == second == value
    assert first is not second
    first.append(1)
    assert calls(plain, value)[0] == value


def test_what_is_raised_is_not_kept(calls: Calls) -> None:
    def fails() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            calls.cache.call(plain, (1,), {}, fails)
    assert calls(plain, 1) == (1, False)


def test_override_writes_and_does_not_read(calls: Calls) -> None:
    calls(plain, 1)
    assert calls.cache.call(made(behavior="override"), (1,), {}, lambda: 5) == (5, False)
    assert calls(plain, 1) == (5, True)
    calls.again(overwrite=True)
    assert calls.cache.call(plain, (1,), {}, lambda: 6) == (6, False)
    calls.again()
    assert calls(plain, 1) == (6, True)


def test_ignored_inputs_do_not_count(calls: Calls) -> None:
    task = made(ignored_inputs="y")
    assert [calls(task, 1, 2)[1], calls(task, 1, 3)[1], calls(task, 2, 3)[1]] == [False, True, False]
    with pytest.raises(DeclarationError, match=r"ignored_inputs.*did you mean 'y'"):
        calls(made(ignored_inputs=("x", "yy")), 1)


def test_version_salt_and_policies_tell_entries_apart(calls: Calls) -> None:
    class Fixed:
        def get_version(self, salt: str, params: VersionParameters) -> str:
            return f"{params.func.__name__} {params.container_image} {salt}"

    tasks = [plain, made(salt="s"), made(version_override="1"), made(version_override="2"), made(policies=Fixed())]
    assert [calls(task, 1)[1] for task in tasks] == [False] * 5
    assert [calls(task, 1)[1] for task in tasks] == [True] * 5
    assert calls(made(version_override="plain img:1 "), 1)[1]


def test_tasks_projects_domains_and_variables_tell_entries_apart(calls: Calls) -> None:
    scopes = [
        NOWHERE,
        Scope("q", "d", {}),
        Scope("p", "e", {}),
        Scope("p", "d", {"A": "1"}),
        Scope("p", "d", {"A": "2"}),
    ]
    for expected in (False, True):
        for scope in scopes:
            calls.again(scope)
            assert calls(plain, 1)[1] == expected
    assert calls(plain.override(short_name="other"), 1)[1] is False


def test_what_is_too_old_runs_again(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    task = made(max_age=60)
    now = time.time()
    calls(task, 1)
    for later, expected in ((59, True), (61, False), (62, True)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert calls(task, 1)[1] == expected


def test_inputs_that_have_no_value_are_not_cached_and_said_once(calls: Calls) -> None:
    holds_itself: list[Any] = []
    holds_itself.append(holds_itself)
    lock = threading.Lock()
    for _ in range(2):
        assert calls(plain, lock) == (lock, False)
        assert calls(plain, holds_itself)[1] is False
    assert ["cached.plain is not cached: the input 'x'" in note for note in calls.notes] == [True, True]


def test_outputs_that_cannot_be_kept(calls: Calls) -> None:
    for _ in range(2):
        assert calls.cache.call(plain, (1,), {}, lambda: lambda: 1)[1] is False
    assert len(calls.notes) == 1
    assert "its output cannot be pickled" in calls.notes[0]


def test_a_function_without_text_is_not_cached(calls: Calls) -> None:
    namespace: dict[str, Any] = {}
    exec("def typed(x):\n    return x\n", namespace)
    task = env.task(namespace["typed"])
    assert [calls(task, 1), calls(task, 1)] == [(1, False), (1, False)]
    assert ["version_override" in note for note in calls.notes] == [True]
    assert [calls(made(task, version_override="1"), 1)[1] for _ in range(2)] == [False, True]


def test_a_policy_that_fails_or_gives_no_text_is_told(calls: Calls) -> None:
    class Fails:
        def get_version(self, salt: str, params: VersionParameters) -> str:
            raise RuntimeError("no network")

    class Number:
        def get_version(self, salt: str, params: VersionParameters) -> Any:
            return 3

    for policy, said in ((Fails(), "RuntimeError: no network"), (Number(), "a policy gave 3")):
        task = made(policies=policy)
        assert [calls(task, 1), calls(task, 1)] == [(1, False), (1, False)]
        assert [said in note for note in calls.notes] == [True]
        calls.notes.clear()


def test_a_version_is_found_once_for_a_run(calls: Calls) -> None:
    asked = []

    class Asked:
        def get_version(self, salt: str, params: VersionParameters) -> str:
            asked.append(params.func)
            return "1"

    task = made(policies=Asked())
    calls(task, 1)
    before = len(asked)
    for retries in range(5):
        assert calls(task.override(retries=retries), 1) == (1, True)
    assert len(asked) == before


def test_threads_at_once_run_one(calls: Calls) -> None:
    task = made(serialize=True)
    found: list[Any] = []

    def run() -> int:
        calls.runs += 1
        time.sleep(0.05)
        return 7

    threads = [threading.Thread(target=lambda: found.append(calls.cache.call(task, (1,), {}, run))) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [(7, False)] + [(7, True)] * 4
    assert calls.runs == 1


def test_coroutines_at_once_run_one_and_the_loop_stays_free(calls: Calls) -> None:
    ticks = 0

    async def run() -> int:
        calls.runs += 1
        while ticks < 10:  # The others wait for this one, and let the loop go on.
            await asyncio.sleep(0.001)
        return 7

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def main() -> list[tuple[int, bool]]:
        ticking = asyncio.ensure_future(tick())
        found = await asyncio.gather(*(calls.cache.call_async(serial, (1,), {}, run) for _ in range(5)))
        ticking.cancel()
        return found

    assert sorted(asyncio.run(main())) == [(7, False)] + [(7, True)] * 4
    assert calls.runs == 1
    assert list((calls.folder / "locks").iterdir()) == []


def test_who_waits_and_is_cancelled_leaves_nothing(calls: Calls) -> None:
    async def never() -> int:
        await asyncio.sleep(60)
        return 1

    async def main() -> None:
        both = [asyncio.ensure_future(calls.cache.call_async(serial, (1,), {}, never)) for _ in range(2)]
        await asyncio.sleep(0.02)
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)

    asyncio.run(main())
    assert list((calls.folder / "locks").iterdir()) == []


def test_a_call_that_comes_back_to_itself_does_not_wait_for_itself(calls: Calls) -> None:
    task = made(ignored_inputs="y", serialize=True)

    def down(depth: int) -> int:
        return calls.cache.call(task, (1, depth), {}, lambda: down(depth - 1))[0] if depth else 7

    assert down(3) == 7

    async def down_async(depth: int) -> int:
        if not depth:
            return 8
        return (await calls.cache.call_async(made(serial, serialize=True), (2,), {}, lambda: down_async(depth - 1)))[0]

    assert asyncio.run(down_async(3)) == 8


def test_without_serialize_nobody_waits(calls: Calls) -> None:
    both = threading.Barrier(2, timeout=10)

    def run() -> int:
        return both.wait() * 0

    threads = [threading.Thread(target=lambda: calls.cache.call(plain, (1,), {}, run)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not both.broken


def test_where_no_lock_can_be_had_it_runs_with_a_warning(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(KeyLocks, "_try", refuse)
    assert calls(made(serialize=True), 1) == (1, False)

    async def run() -> int:
        return 3

    assert asyncio.run(calls.cache.call_async(serial, (3,), {}, run)) == (3, False)
    assert ["No locks available" in note for note in calls.notes] == [True, True]


ran: list[int] = []


@env.task
def counted(x: int) -> list[int]:
    ran.append(x)
    return [x]


@env.task(cache="disable")
async def parent(x: int) -> list[int]:
    return [*await counted.aio(x), *counted(x)]


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Runs happen in an empty folder; gives how many entries it has."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield lambda: len(list(tmp_path.rglob("*.entry")))
    os.chdir(before)


def test_runs_use_it(in_folder: Callable[[], int]) -> None:
    assert flyte.run(parent, 3).outputs().o0 == [3, 3]
    assert (ran, in_folder()) == ([3], 1)
    assert flyte.with_runcontext(disable_run_cache=True).run(parent, 3).outputs().o0 == [3, 3]
    assert flyte.with_runcontext(disable_run_cache=True).run(parent, 4).outputs().o0 == [4, 4]
    assert (ran, in_folder()) == ([3, 3, 3, 4, 4], 1)
    assert flyte.with_runcontext(overwrite_cache=True).run(parent, 3).outputs().o0 == [3, 3]
    assert (ran[5:], in_folder()) == ([3, 3], 1)
