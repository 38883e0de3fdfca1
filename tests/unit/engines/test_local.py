"""The local engine: what runs where, what comes back, what becomes of failures."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

import flyte
from flytectl_py.errors import (
    BadInputsError,
    DeclarationError,
    NonRecoverableError,
    RuntimeUserError,
    TaskTimeoutError,
    UsageError,
)

env = flyte.TaskEnvironment("local-engine")


@env.task
def square(x: int) -> int:
    return x * x


@env.task
async def async_square(x: int) -> int:
    return x * x


@env.task
def fails(x: int) -> int:
    raise ValueError(f"no {x}")


def test_outside_a_run_a_task_is_its_function() -> None:
    assert square(3) == 9
    assert asyncio.run(async_square(3)) == 9
    assert asyncio.run(square.aio(3)) == 9


def test_a_run_of_a_plain_function() -> None:
    run = flyte.with_runcontext(name="first").run(square, 3)
    assert (run.name, run.task, run.phase, run.actions) == ("first", "local-engine.square", "succeeded", 1)
    assert run.outputs() == (9,)
    assert run.outputs().o0 == 9
    run.wait()


def test_every_way_in_gives_the_same() -> None:
    async def inside_a_loop() -> list[int]:
        blocking = [flyte.run(square, 3), flyte.run(async_square, x=3)]
        awaited = [await flyte.run.aio(square, 3), await flyte.with_runcontext().run.aio(async_square, x=3)]
        return [run.outputs().o0 for run in blocking + awaited]

    assert flyte.run(async_square, 3).outputs().o0 == 9
    assert asyncio.run(inside_a_loop()) == [9, 9, 9, 9]


def test_outputs_have_names_as_many_as_were_declared() -> None:
    @env.task
    def two() -> tuple[int, str]:
        return 1, "a"

    @env.task
    def nothing() -> None:
        pass

    @env.task
    def whole() -> tuple[int, ...]:
        return 1, 2, 3

    outputs = flyte.run(two).outputs()
    assert (outputs.o0, outputs.o1, outputs.named()) == (1, "a", {"o0": 1, "o1": "a"})
    with pytest.raises(AttributeError, match="no output 'o2'; the task's outputs are: o0, o1"):
        _ = outputs.o2
    assert flyte.run(nothing).outputs() == ()
    assert flyte.run(whole).outputs() == ((1, 2, 3),)


def test_wrong_inputs_are_named_all_at_once() -> None:
    @env.task
    def takes(first: int, second: int = 2, *, third: int) -> int:
        return first + second + third

    with pytest.raises(BadInputsError) as caught:
        flyte.run(takes, 1, 2, 3, secnd=4)
    said = str(caught.value)
    assert "takes 2 positional inputs, got 3" in said
    assert "no input 'secnd'; did you mean 'second'?" in said
    assert "input 'third' is missing" in said


def test_an_input_may_be_called_task_or_self() -> None:
    @env.task
    def odd(task: int, self: int) -> int:
        return task + self

    assert flyte.run(odd, task=1, self=2).outputs().o0 == 3


def test_tasks_call_tasks_of_either_kind() -> None:
    @env.task
    def sync_from_sync(x: int) -> int:
        return square(x) + square(x=x)

    @env.task
    async def async_from_async(x: int) -> int:
        return await async_square(x) + await square.aio(x)

    @env.task
    async def sync_from_async(x: int) -> int:
        return square(x) + sync_from_sync(x)

    @env.task
    def async_from_sync(x: int) -> int:
        async def both() -> int:
            return sum(await asyncio.gather(async_square(x), sync_from_async(x)))

        return asyncio.run(both())

    for task, value, actions in (
        (sync_from_sync, 8, 3),
        (async_from_async, 8, 3),
        (sync_from_async, 12, 5),
        (async_from_sync, 16, 7),
    ):
        run = flyte.run(task, 2)
        assert (run.outputs().o0, run.actions) == (value, actions), task.name


def test_a_plain_task_called_in_a_coroutine_may_use_a_loop_of_its_own() -> None:
    @env.task
    def own_loop(x: int) -> int:
        return asyncio.run(async_square(x))

    @env.task
    async def parent(x: int) -> int:
        return own_loop(x)

    assert flyte.run(parent, 3).outputs().o0 == 9


def test_gathered_plain_tasks_overlap() -> None:
    meeting = threading.Barrier(3, timeout=20)

    @env.task
    def meets() -> int:
        return meeting.wait()

    @env.task
    async def parent() -> list[int]:
        return list(await asyncio.gather(*(meets.aio() for _ in range(3))))

    assert sorted(flyte.run(parent).outputs().o0) == [0, 1, 2]


def test_what_the_users_code_raises_arrives_as_a_cluster_reports_it() -> None:
    @env.task
    async def parent() -> str:
        try:
            await fails.aio(1)
        except Exception as error:
            return f"{type(error).__name__} {error.code} {error}"  # type: ignore[attr-defined]
        return "no error"

    assert flyte.run(parent).outputs().o0 == "RuntimeUserError ValueError no 1"


def test_a_failure_tells_the_chain_of_tasks_and_keeps_its_cause() -> None:
    @env.task
    def middle(x: int) -> int:
        return fails(x)

    @env.task(retries=1)
    async def top(x: int) -> int:
        return await middle.aio(x)

    with pytest.raises(RuntimeUserError, match="no 7") as caught:
        flyte.with_runcontext(note=lambda _: None).run(top, 7)
    assert caught.value.chain == (
        "local-engine.top (attempt 2 of 2)",
        "local-engine.middle",
        "local-engine.fails",
    )
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.code == "ValueError"


def test_sys_exit_in_a_task_is_a_failure_and_not_the_end() -> None:
    @env.task
    def leaves() -> None:
        raise SystemExit(0)

    with pytest.raises(RuntimeUserError, match=r"called sys.exit\(0\)"):
        flyte.run(leaves)


def test_a_generators_exit_in_a_task_is_a_failure_and_not_the_end() -> None:
    @env.task
    def leaves() -> None:
        raise GeneratorExit("gone")

    @env.task(retries=1)
    async def leaves_too() -> None:
        raise GeneratorExit("gone")

    @env.task
    async def awaits() -> None:
        await leaves.aio()

    for task in (leaves, leaves_too, awaits):
        with pytest.raises(RuntimeUserError, match="gone") as caught:
            flyte.run(task)
        assert caught.value.code == "GeneratorExit"


def test_a_forgotten_await_is_explained() -> None:
    @env.task
    def forgets(x: int) -> int:
        return async_square(x)  # type: ignore[return-value]

    with pytest.raises(RuntimeUserError, match=r"returned a coroutine: make it `async def`"):
        flyte.run(forgets, 1)


@pytest.mark.parametrize("is_async", [False, True])
def test_retries_go_on_until_one_attempt_succeeds(is_async: bool) -> None:
    seen: list[int] = []
    notes: list[str] = []

    def body() -> int:
        context = flyte.ctx()
        assert context is not None
        seen.append(context.attempt)
        if len(seen) < 3:
            raise OSError("flaky")
        return len(seen)

    if is_async:

        @env.task(retries=flyte.RetryStrategy(count=5, backoff=0.001, backoff_factor=2))
        async def flaky_async() -> int:
            return body()

        run = flyte.with_runcontext(note=notes.append).run(flaky_async)
    else:

        @env.task(retries=flyte.RetryStrategy(count=5, backoff=0.001, backoff_factor=2))
        def flaky_sync() -> int:
            return body()

        run = flyte.with_runcontext(note=notes.append).run(flaky_sync)
    assert run.outputs().o0 == 3
    assert seen == [1, 2, 3]
    assert "attempt 1 of 6: OSError: flaky; the next one starts in 0.001 s" in notes[0]
    assert "attempt 2 of 6: OSError: flaky; the next one starts in 0.002 s" in notes[1]


def test_no_retry_follows_an_error_that_says_so() -> None:
    calls: list[int] = []

    @env.task(retries=3)
    def hopeless() -> None:
        calls.append(1)
        raise NonRecoverableError("the input is wrong")

    with pytest.raises(NonRecoverableError, match="the input is wrong"):
        flyte.run(hopeless)
    assert calls == [1]


def test_wrong_inputs_of_a_child_are_not_tried_again() -> None:
    calls: list[int] = []

    @env.task(retries=3)
    def parent() -> int:
        calls.append(1)
        raise DeclarationError("x", 1, "not this")

    with pytest.raises(RuntimeUserError) as caught:
        flyte.run(parent)
    assert isinstance(caught.value.__cause__, DeclarationError)
    assert calls == [1]


def test_an_async_attempt_ends_at_its_timeout() -> None:
    ended: list[str] = []

    @env.task(timeout=timedelta(milliseconds=20))
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    with pytest.raises(TaskTimeoutError, match=r"local-engine\.slow ran for longer than its timeout of 0\.02 s"):
        flyte.run(slow)
    assert ended == ["cancelled"]


@pytest.mark.parametrize("through_aio", [False, True])
def test_a_blocking_attempt_is_abandoned_at_its_timeout_and_tried_again(through_aio: bool) -> None:
    release = threading.Event()
    attempts: list[int] = []

    @env.task(timeout=flyte.Timeout(max_runtime=timedelta(milliseconds=30)), retries=1)
    def slow() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            release.wait(20)
        return len(attempts)

    @env.task
    async def parent() -> int:
        return await slow.aio()

    notes: list[str] = []
    try:
        run = flyte.with_runcontext(note=notes.append).run(parent if through_aio else slow)
    finally:
        release.set()
    assert run.outputs().o0 == 2
    assert "its thread is abandoned" in notes[0]


def test_a_timeout_error_of_the_users_own_is_not_taken_for_ours() -> None:
    @env.task(timeout=60)
    async def own() -> None:
        raise TimeoutError("the server did not answer")

    with pytest.raises(RuntimeUserError, match="the server did not answer") as caught:
        flyte.run(own)
    assert caught.value.code == "TimeoutError"


def test_a_task_knows_its_action_and_its_run() -> None:
    contexts: list[object] = []

    def remember() -> None:
        contexts.append(flyte.ctx())

    @env.task
    async def child() -> None:
        remember()

    @env.task
    async def parent() -> None:
        remember()
        with flyte.group("both"):
            await asyncio.gather(child(), child())
        await child()
        remember()

    assert flyte.ctx() is None
    runner = flyte.with_runcontext(
        name="known",
        project="shop",
        domain="staging",
        version="v7",
        run_base_dir="/runs/known",
        raw_data_path="s3://raw",
    )
    runner.run(parent)
    assert flyte.ctx() is None
    first, *children, last = contexts
    assert first == last
    assert first.action == ("a0", "known", "shop", "staging", "")  # type: ignore[attr-defined]
    assert [(each.action.name, each.group) for each in children] == [("a1", "both"), ("a2", "both"), ("a3", None)]  # type: ignore[attr-defined]
    assert (first.version, first.mode, first.attempt, first.task) == ("v7", "local", 1, "local-engine.parent")  # type: ignore[attr-defined]
    assert (first.output_path, first.raw_data_path) == ("/runs/known/a0/1", "s3://raw")  # type: ignore[attr-defined]


def test_the_domain_of_a_run_is_seen_inside_it() -> None:
    @env.task
    def where() -> str:
        return f"{flyte.current_project()}/{flyte.current_domain()}"

    assert flyte.with_runcontext(project="p", domain="d").run(where).outputs().o0 == "p/d"
    assert flyte.run(where).outputs().o0 == "default/development"


def test_traces_count_as_actions_and_change_nothing() -> None:
    @flyte.trace
    async def step(x: int) -> int:
        return x + 1

    @flyte.trace
    def plain(x: int) -> int:
        return x + 1

    @flyte.trace
    async def stream(n: int):  # type: ignore[no-untyped-def]
        for i in range(n):
            yield i

    @env.task
    async def parent() -> list[int]:
        return [await step(1), plain(2), *[item async for item in stream(3)]]

    run = flyte.run(parent)
    assert (run.outputs().o0, run.actions) == ([2, 3, 0, 1, 2], 4)


@pytest.mark.parametrize("name", ["", "Upper", "a b", "-a", "a-", "x" * 64, "ä"])
def test_a_run_name_that_no_cluster_takes_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="run name"):
        flyte.with_runcontext(name=name or "_").run(square, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mode": "lokal"}, "did you mean 'local'"),
        ({"env_vars": {"A=B": "c"}}, "env_vars"),
        ({"copy_style": "al"}, "did you mean 'all'"),
        ({"images": {"base": ""}}, "images"),
    ],
)
def test_wrong_settings_of_a_run_are_refused_where_they_are_written(given: dict[str, object], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        flyte.with_runcontext(**given)  # type: ignore[arg-type]


def test_flyte_run_takes_tasks_only() -> None:
    with pytest.raises(UsageError, match=r"decorate the function with @env.task"):
        flyte.run(len)  # type: ignore[arg-type]


def test_nothing_of_a_run_is_left_behind_when_it_fails() -> None:
    with pytest.raises(RuntimeUserError):
        flyte.run(fails, 1)
    assert flyte.ctx() is None
    assert square(2) == 4


def test_a_coroutine_that_blocks_past_its_timeout_has_timed_out_all_the_same() -> None:
    @env.task(timeout=timedelta(milliseconds=5))
    async def blocks() -> int:
        threading.Event().wait(0.05)
        return 1

    with pytest.raises(TaskTimeoutError):
        flyte.run(blocks)


def test_a_cancellation_of_the_tasks_own_making_is_a_failure() -> None:
    @env.task
    async def gives_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeUserError) as caught:
        flyte.run(gives_up)
    assert caught.value.code == "CancelledError"


def test_a_cancellation_from_outside_is_passed_on() -> None:
    @env.task
    async def sleeps() -> None:
        await asyncio.sleep(60)

    async def cancels() -> None:
        running = asyncio.ensure_future(flyte.run.aio(sleeps))
        await asyncio.sleep(0.01)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancels())


def test_a_group_of_failures_names_the_tasks_that_failed() -> None:
    @env.task
    async def parent() -> None:
        errors = await asyncio.gather(fails.aio(1), fails.aio(2), return_exceptions=True)
        raise BaseExceptionGroup("both", errors)  # type: ignore[type-var]  # both are errors

    with pytest.raises(RuntimeUserError) as caught:
        flyte.run(parent)
    assert "local-engine.fails failed: ValueError: no 1" in str(caught.value)
    assert "local-engine.fails failed: ValueError: no 2" in str(caught.value)


def test_positional_only_inputs_may_be_given_either_way() -> None:
    @env.task
    def minus(a: int, b: int = 1, /, c: int = 0) -> int:
        return a - b - c

    assert flyte.run(minus, 5).outputs().o0 == 4
    assert flyte.run(minus, 5, 2, 1).outputs().o0 == 2
    assert flyte.run(minus, b=2, a=5).outputs().o0 == 3


def test_a_program_that_does_not_catch_a_failure_shows_the_tasks_that_led_there() -> None:
    with pytest.raises(RuntimeUserError) as caught:
        flyte.run(fails, 1)
    assert caught.value.__notes__ == ["Tasks: local-engine.fails"]
    assert type(caught.value).__module__ == "flyte.errors"


def test_a_task_called_in_a_thread_of_the_users_own_belongs_to_the_run() -> None:
    tried: list[int] = []

    @env.task(retries=2)
    def flaky() -> int:
        tried.append(1)
        if len(tried) < 3:
            raise OSError("not yet")
        return len(tried)

    @env.task
    def parent() -> int:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(flaky).result()

    run = flyte.with_runcontext(note=lambda _: None).run(parent)
    assert (run.outputs().o0, run.actions) == (3, 2)


def test_outside_a_run_a_thread_calls_the_function() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="no 1"):
        pool.submit(fails, 1).result()


class Rude(Exception):
    def __str__(self) -> str:
        raise KeyError("no words")


def test_an_exception_that_cannot_be_shown_is_still_named() -> None:
    @env.task
    def rude() -> None:
        raise Rude

    with pytest.raises(RuntimeUserError, match=r"its message cannot be shown: KeyError") as caught:
        flyte.run(rude)
    assert caught.value.code == "Rude"


def test_a_timeout_points_at_the_task() -> None:
    @env.task(timeout=0.01)
    async def slow() -> None:
        await asyncio.sleep(60)

    with pytest.raises(TaskTimeoutError) as caught:
        flyte.run(slow)
    assert caught.value.where.startswith(__file__)
