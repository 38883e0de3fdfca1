"""The local engine: a run in this process, plain functions on threads, coroutines on the caller's event loop."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.bridge import loop_is_running, run_sync
from flytectl_py.engines.actions import UNTOLD, Action, Kind, Told, end_of, reason_of
from flytectl_py.engines.api import Note, Outputs, Phase, Run, RunOptions, bind
from flytectl_py.engines.declared_types import check_call, check_returned_types, check_types
from flytectl_py.engines.failures import as_task_error, check_returned, is_the_end, timed_out
from flytectl_py.engines.forked import InOneProcess
from flytectl_py.engines.threads import workers
from flytectl_py.errors import BaseRuntimeError
from flytectl_py.model.context import ActionID, TaskContext, current_context, current_group
from flytectl_py.model.dispatch import current_dispatcher, runs_of_process
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    import asyncio

    from flytectl_py.engines.local_cache import LocalCache
    from flytectl_py.engines.watching import Watcher

R = TypeVar("R")

AnyTask = Task[..., Any]


class LocalEngine:
    """Runs one task and all that it calls in this process.

    A plain function called by another runs on its caller's thread, as it would without an engine. Through ``aio`` and
    ``flyte.map`` plain functions run on threads of their own. A coroutine runs where it is awaited. Retries, timeouts,
    environment variables and secrets are those of the task, as on a cluster.
    """

    def __init__(self, options: RunOptions, note: Note, watchers: Sequence[Watcher] = ()) -> None:
        self._options = options
        self._note = note
        self._watchers = watchers
        self._numbers = itertools.count()
        self._actions = 0
        self._cache: LocalCache | None = None
        self._checked_environments: set[int] = set()

    def run(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        args, inputs = bind(task, args, kwargs)
        check_types(task, args, inputs)
        with self._started(task) as finish:
            if task.is_async:
                return finish(run_sync(lambda: self._call_root(task, args, inputs)))
            return finish(self.call(task, args, inputs))

    async def run_async(self, task: AnyTask, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Run:
        args, inputs = bind(task, args, kwargs)
        check_types(task, args, inputs)
        with self._started(task) as finish:
            return finish(await self.call_async(task, args, inputs))

    async def _call_root(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await self.call_async(task, args, kwargs)

    @contextlib.contextmanager
    def _started(self, task: AnyTask) -> Iterator[Callable[[Any], Run]]:
        started = time.perf_counter()

        def finish(value: Any) -> Run:
            return Run(
                name=self._options.name,
                url=f"local://{self._options.name}",
                task=task.name,
                phase=Phase.SUCCEEDED,
                seconds=time.perf_counter() - started,
                actions=self._actions,
                outputs=Outputs.of(task, value),
            )

        dispatcher = current_dispatcher.set(self)
        runs_of_process.append(self)
        context = current_context.set(None)
        phase, reason = Phase.SUCCEEDED, None
        for watcher in self._watchers:
            watcher.run_began(self._options.name)
        try:
            with self._surroundings(task):
                yield finish
        except BaseException as error:
            phase, reason = end_of(error), reason_of(error)
            if isinstance(error, BaseRuntimeError):
                # For the traceback of a program that does not catch it.
                error.add_note("Tasks: " + " → ".join(error.chain))
            raise
        finally:
            current_context.reset(context)
            runs_of_process.remove(self)
            current_dispatcher.reset(dispatcher)
            for watcher in self._watchers:
                watcher.run_ended(phase, time.perf_counter() - started, reason)

    # -- what tasks call while they run

    def call(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        check_call(task, args, kwargs)
        action, start = self._prepare(task)
        with self._watched(action, args, kwargs) as succeed:
            if task.settings.cache.behavior == "disable" or self._options.disable_run_cache:
                return succeed(self._attempts(action, task, args, kwargs, start))
            value, hit = self._caching().call(
                task, args, kwargs, lambda: self._attempts(action, task, args, kwargs, start)
            )
            action.cache = "hit" if hit else "miss"
            return succeed(value)

    def _attempts(
        self, action: Action, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any], start: _Start
    ) -> Any:
        seconds = _limit(task)
        for attempt in itertools.count(1):
            action.attempts = attempt

            def execute(attempt: int = attempt) -> Any:
                with start(attempt):
                    return check_returned_types(task, check_returned(task, task.func(*args, **kwargs)))

            try:
                if seconds is None and not loop_is_running():
                    return execute()
                running = workers.submit(execute)
                if not running.wait(seconds):
                    raise timed_out(task, seconds)
                return running.result()
            except BaseException as error:  # noqa: BLE001  _after() raises it, as it is or wrapped, or a retry follows
                time.sleep(self._after(error, action, task, attempt))
        raise AssertionError("unreachable")

    def call_async(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Any]:
        # The parent and the group are those of the call, not of the first time that the coroutine runs.
        action, start = self._prepare(task)
        coroutine = self._call_async(action, task, args, kwargs, start)
        coroutine.__qualname__ = task.name  # type: ignore[attr-defined]  # Python's warning names what was not awaited.
        return coroutine

    async def _call_async(
        self, action: Action, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any], start: _Start
    ) -> Any:
        check_call(task, args, kwargs)
        with self._watched(action, args, kwargs) as succeed:
            if task.settings.cache.behavior == "disable" or self._options.disable_run_cache:
                return succeed(await self._attempts_async(action, task, args, kwargs, start))
            value, hit = await self._caching().call_async(
                task, args, kwargs, lambda: self._attempts_async(action, task, args, kwargs, start)
            )
            action.cache = "hit" if hit else "miss"
            return succeed(value)

    async def _attempts_async(
        self, action: Action, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any], start: _Start
    ) -> Any:
        seconds = _limit(task)
        for attempt in itertools.count(1):
            action.attempts = attempt
            try:
                if not task.is_async:
                    return await self._on_thread(task, args, kwargs, start, attempt, seconds)
                with start(attempt):
                    if seconds is None:
                        return check_returned_types(task, await task.func(*args, **kwargs))
                    return check_returned_types(task, await _within(seconds, task, task.func(*args, **kwargs)))
            except BaseException as error:
                if isinstance(error, GeneratorExit) and not loop_is_running():
                    raise  # Nobody waits for this coroutine any more, so it is being closed.
                pause = self._after(error, action, task, attempt)
            if pause:
                import asyncio

                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _on_thread(
        self,
        task: AnyTask,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        start: _Start,
        attempt: int,
        seconds: float | None,
    ) -> Any:
        import asyncio

        def execute() -> Any:
            with start(attempt):
                return check_returned_types(task, check_returned(task, task.func(*args, **kwargs)))

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def wake() -> None:
            # An abandoned call may end when the loop is closed already.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        running = workers.submit(execute, wake)
        await _within(seconds, task, ended.wait())
        return running.result()

    def note(self, text: str) -> None:
        # What we say is not what the running action says.
        context = current_context.set(None)
        try:
            self._note(text)
        finally:
            current_context.reset(context)

    def trace(self, name: str, function: Callable[[], R]) -> R:
        with self._traced(name, function) as succeed:
            return succeed(function())  # type: ignore[no-any-return]  # it returns what it is given

    async def trace_async(self, name: str, function: Callable[[], Awaitable[R]]) -> R:
        with self._traced(name, function) as succeed:
            return succeed(await function())  # type: ignore[no-any-return]  # it returns what it is given

    async def trace_stream(self, name: str, function: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        with self._traced(name, function) as succeed:
            try:
                async for item in function():
                    yield item
            finally:
                if isinstance(sys.exception(), GeneratorExit | None):  # Nobody wants more: it did what was asked.
                    succeed(None)

    # -- one action

    def _action(self, name: str, kind: Kind, task: AnyTask | None) -> Action:
        """Number a new action, child of the running one."""
        self._actions += 1
        caller = current_context.get()
        parent = None if caller is None else int(caller.action.name[1:])
        return Action(next(self._numbers), parent, name, kind, task, current_group.get())

    def _traced(self, name: str, function: Any) -> contextlib.AbstractContextManager[Callable[[Any], Any]]:
        action = self._action(name, "trace", None)
        return self._watched(action, getattr(function, "args", ()), getattr(function, "keywords", {}))

    def _watched(
        self, action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> contextlib.AbstractContextManager[Callable[[Any], Any]]:
        """Tell the watchers of the action of the block; what it has returned goes through the function it is given."""
        return Told(self._watchers, action, args, kwargs) if self._watchers else UNTOLD

    def _caching(self) -> LocalCache:
        if self._cache is None:
            from flytectl_py.engines.local_cache import cache_of_run

            self._cache = cache_of_run(self._options, self.note)
        return self._cache

    def _prepare(self, task: AnyTask) -> tuple[Action, _Start]:
        """Make a new action, and what enters one attempt of it."""
        new = self._action(task.name, "task", task)
        options = self._options
        action = ActionID(f"a{new.number}", options.name, options.project, options.domain, options.org)
        self._compare_with_machine(task)

        @contextlib.contextmanager
        def start(attempt: int) -> Iterator[None]:
            context = TaskContext(
                action=action,
                task=task.name,
                version=options.version,
                mode="local",
                attempt=attempt,
                run_base_dir=options.run_base_dir,
                output_path=f"{options.run_base_dir}/{action.name}/{attempt}",
                raw_data_path=options.raw_data_path,
                group=new.group,
            )
            context_token = current_context.set(context)
            group_token = current_group.set(None)
            try:
                with self._surroundings(task), InOneProcess():
                    yield
            finally:
                current_group.reset(group_token)
                current_context.reset(context_token)
                if (reports := sys.modules.get("flytectl_py.report")) is not None:
                    reports.finish(context, declared=task.settings.report)

        return new, start

    def _compare_with_machine(self, task: AnyTask) -> None:
        """Say once for each environment what it asks for that this machine does not have."""
        environment = task.environment
        if environment.resources is None or id(environment) in self._checked_environments:
            return
        from flytectl_py.engines.machine_limits import beyond_this_machine

        self._checked_environments.add(id(environment))
        for text in beyond_this_machine(environment.name, environment.resources):
            self.note(f"warning: {text}")

    def _surroundings(self, task: AnyTask) -> contextlib.AbstractContextManager[None]:
        environment = task.environment
        if not (environment.env_vars or environment.secrets or self._options.env_vars):
            return contextlib.nullcontext()
        from flytectl_py.engines.environ import scoped_environ
        from flytectl_py.engines.secrets import secret_variables

        return scoped_environ(
            {
                **(environment.env_vars or {}),
                **self._options.env_vars,
                **secret_variables(environment, self._options.secrets_dir),
            }
        )

    def _after(self, error: BaseException, action: Action, task: AnyTask, attempt: int) -> float:
        """Return how many seconds to wait before the next attempt, or raise the failure of the action."""
        if is_the_end(error):
            raise error
        failure = as_task_error(error, task, attempt)
        retries = task.settings.retries
        if attempt > retries.count or not failure.worth_another_attempt:
            raise failure.error from failure.cause
        for watcher in self._watchers:
            watcher.attempt_failed(action, reason_of(failure.error))
        pause = retries.delay(attempt).total_seconds()
        soon = f"in {pause:g} s" if pause else "now"
        tried = f"{task.name} failed, attempt {attempt} of {retries.attempts}"
        self.note(f"{tried}: {failure.summary}; the next one starts {soon}")
        return pause


_Start = Callable[[int], contextlib.AbstractContextManager[None]]


def _limit(task: AnyTask) -> float | None:
    timeout = task.settings.timeout
    runtime = None if timeout is None else timeout.runtime
    return None if runtime is None else runtime.total_seconds()


async def _within(seconds: float | None, task: AnyTask, awaitable: Awaitable[R]) -> R:
    if seconds is None:
        return await awaitable
    import asyncio

    limit: asyncio.Timeout
    try:
        async with asyncio.timeout(seconds) as limit:
            value = await awaitable
    except TimeoutError:
        if limit.expired():
            raise timed_out(task, seconds) from None
        raise
    if asyncio.get_running_loop().time() > (limit.when() or 0):
        raise timed_out(task, seconds)  # It blocked the event loop, so nothing could end it in time.
    return value
