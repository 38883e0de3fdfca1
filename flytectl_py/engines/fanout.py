"""One task over many inputs: results in the inputs' order, calls at the same time."""

from __future__ import annotations

import contextvars
import functools
import itertools
import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from flytectl_py.engines.threads import Call, workers
from flytectl_py.errors import DeclarationError, RuntimeUserError
from flytectl_py.model.context import group
from flytectl_py.model.dispatch import dispatcher
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")

MAX_THREADS = 256
"""How many plain functions of one map run at once where `concurrency` is 0; coroutines are not bounded then."""

Mapped = Task[..., R] | functools.partial[R]


def map_blocking(
    func: Mapped[R],
    iterables: tuple[Iterable[Any], ...],
    group_name: str | None,
    concurrency: int,
    return_exceptions: bool,
) -> Iterator[R | Exception]:
    """See `flytectl_py.api.map`."""
    task = check_mapped(func, iterables, concurrency)
    calls = (functools.partial(func, *values) for values in zip(*iterables, strict=False))
    name = group_name or task.short_name
    if task.is_async:
        return _Failures(task).watched(_coroutines_from_thread(calls, name, concurrency, return_exceptions))
    return _Failures(task).watched(_threads(calls, name, concurrency or MAX_THREADS, return_exceptions))


async def map_async(
    func: Mapped[R],
    iterables: tuple[Iterable[Any], ...],
    group_name: str | None,
    concurrency: int,
    return_exceptions: bool,
) -> AsyncIterator[R | Exception]:
    """See `flytectl_py.api.map`."""
    task = check_mapped(func, iterables, concurrency)
    aio = _aio(func)
    calls = (functools.partial(aio, *values) for values in zip(*iterables, strict=False))
    bound = concurrency or (None if task.is_async else MAX_THREADS)
    failures = _Failures(task)
    async for result in _ordered(calls, group_name or task.short_name, bound, return_exceptions):
        failures.count(result)
        yield result
    failures.tell()


def check_mapped(func: Any, iterables: tuple[Iterable[Any], ...], concurrency: int) -> Task[..., Any]:
    """Return the task behind `func`, a task or a partial of one.

    :raises DeclarationError: not a task, nothing to map over, or a negative concurrency.
    """
    task = func.func if isinstance(func, functools.partial) else func
    if not isinstance(task, Task):
        raise DeclarationError("flyte.map(…)", func, "give a task, or a functools.partial of one")
    if not iterables:
        raise DeclarationError(f"flyte.map({task.short_name})", (), "give at least one iterable of inputs")
    if not isinstance(concurrency, int) or concurrency < 0:
        raise DeclarationError("flyte.map(concurrency=…)", concurrency, "give 0 (all at once) or a positive number")
    return task


class _Failures:
    """Counts the failed calls that are handed out as results, and tells of them: they are easy to overlook."""

    def __init__(self, task: Task[..., Any]) -> None:
        self._task = task
        self._dispatcher = dispatcher()
        self._calls = 0
        self._failed = 0
        self._first: Exception | None = None

    def watched(self, results: Iterator[Any]) -> Iterator[Any]:
        """Hand on `results`."""
        for result in results:
            self.count(result)
            yield result
        self.tell()

    def count(self, result: object) -> None:
        """Look at one result."""
        self._calls += 1
        if isinstance(result, RuntimeUserError):
            self._failed += 1
            self._first = self._first or result

    def tell(self) -> None:
        """Say how many of the calls failed, if any did."""
        if self._failed and self._dispatcher is not None and isinstance(self._first, RuntimeUserError):
            self._dispatcher.note(
                f"{self._failed} of {self._calls} mapped calls of {self._task.name} failed, and their errors are "
                f"results (return_exceptions=True); the first: {self._first.code}: {self._first}"
            )


def _aio(func: Mapped[R]) -> Callable[..., Any]:
    if isinstance(func, functools.partial):
        task: Any = func.func
        return functools.partial(task.aio, *func.args, **func.keywords)
    return func.aio


def _threads(
    calls: Iterator[Callable[[], R]], name: str, bound: int, return_exceptions: bool
) -> Iterator[R | Exception]:
    # Calls in the order of their inputs, then None; or what the iterable of inputs raised.
    started: queue.SimpleQueue[Call[R] | Exception | None] = queue.SimpleQueue()
    lock = threading.Lock()
    stopped = False

    def start_next() -> bool:
        with lock:
            if stopped:
                return False
            try:
                call = next(calls, None)
            except Exception as error:  # noqa: BLE001  it is raised again by the consumer
                started.put(error)
                return False
            started.put(None if call is None else context.copy().run(workers.submit, call, start_next))
            return call is not None

    with group(name):
        context = contextvars.copy_context()
    for _ in range(bound):
        if not start_next():
            break
    try:
        while (oldest := started.get()) is not None:
            if isinstance(oldest, Exception):
                raise oldest
            oldest.wait()
            try:
                yield oldest.result()
            except Exception as error:
                if not return_exceptions:
                    raise
                yield error
    finally:
        stopped = True


async def _ordered(
    calls: Iterator[Callable[[], Any]], name: str, bound: int | None, return_exceptions: bool
) -> AsyncIterator[Any]:
    import asyncio

    running: deque[asyncio.Future[Any]] = deque()
    broken_inputs: Exception | None = None

    def start_next(_ended: asyncio.Future[Any] | None = None) -> bool:
        nonlocal broken_inputs
        try:
            call = next(calls, None)
        except Exception as error:  # noqa: BLE001  it is raised again once the calls before it are handed out
            broken_inputs, call = error, None
        if call is None:
            return False
        future = asyncio.ensure_future(call())
        running.append(future)
        if bound is not None:
            # Registered before anybody awaits the future, so the next call starts before its result is handed out.
            future.add_done_callback(start_next, context=contextvars.copy_context())
        return True

    with group(name):
        for _ in itertools.count() if bound is None else range(bound):
            if not start_next():
                break
    try:
        while running:
            try:
                result = await running.popleft()
            except Exception as error:
                if not return_exceptions:
                    raise
                result = error
            yield result
        if broken_inputs is not None:
            raise broken_inputs
    finally:
        for each in running:
            each.remove_done_callback(start_next)
            each.cancel()


def _coroutines_from_thread(
    calls: Iterator[Callable[[], Any]], name: str, concurrency: int, return_exceptions: bool
) -> Iterator[Any]:
    """Run coroutines on an event loop in a thread of its own and hand their results over one by one."""
    import asyncio

    results: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stopped = threading.Event()

    async def produce() -> None:
        try:
            async for result in _ordered(calls, name, concurrency or None, return_exceptions):
                results.put(("result", result))
                if stopped.is_set():
                    return
            results.put(("end", None))
        except BaseException as error:  # noqa: BLE001  it is raised again in the calling thread
            results.put(("error", error))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(lambda: asyncio.run(produce()),), daemon=True).start()
    try:
        while True:
            kind, value = results.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stopped.set()
