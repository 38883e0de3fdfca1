"""The connection of a running task to its control plane, on a thread of its own, and what is heard there."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from flytectl_py.config.resolution import Settings, resolve
from flytectl_py.controlplane.api import AlreadyExistsError, NotReachedError, ServerFaultError
from flytectl_py.controlplane.services import ControlPlane
from flytectl_py.errors import NotReadyError, RuntimeSystemError
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.wire import actions

R = TypeVar("R")

AWAY_SECONDS = 300.0
"""How long the control plane may be away before the task's calls fail: an upgrade takes minutes."""
ENQUEUED_AT_ONCE = 64
STORE_THREADS = 16
CLOSING_SECONDS = 5.0
_LONGEST_PAUSE = 10.0


class Link:
    """Children of one action: started, watched and awaited. `submit` is for any thread, the rest for the loop's own."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._parent = invocation.action_id
        self._use_actions = invocation.use_actions
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="flyte-store")
        self._slots = asyncio.Semaphore(ENQUEUED_AT_ONCE)
        self._known: dict[str, Any] = {}
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._complete: asyncio.Future[None] = self._loop.create_future()
        self._opened: ControlPlane | None = None
        self._watching: asyncio.Task[None] | None = None
        self._gone: RuntimeSystemError | None = None
        self._thread = threading.Thread(target=self._run, name="flyte-children", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, R]) -> Future[R]:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """End the connection."""
        self.submit(self._shut()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._pool.shutdown(wait=False)
        self._loop.close()

    async def ready(self) -> None:
        """Wait until all children of earlier attempts are known."""
        if self._watching is None:
            self._watching = self._loop.create_task(self._watch(self._plane))
        if self._gone is not None:
            raise self._gone
        await asyncio.shield(self._complete)

    def known(self, name: str) -> Any | None:
        """Return the last update of a child, or None where there is no such child yet."""
        return self._known.get(name)

    async def enqueue(self, request: Any) -> None:
        """Start a child, or record a traced one. One that exists already is as good."""
        try:
            if self._use_actions:
                await self._plane.actions.enqueue(request)
            else:
                await self._plane.queue.enqueue_action(request)
        except AlreadyExistsError:
            return

    async def start(self, inputs: Callable[[], None], request: Any) -> None:
        """Write the inputs of a child, then start it; a bounded number of children at once."""
        async with self._slots:
            await self.in_thread(inputs)
            await self.enqueue(request)

    async def end_of(self, name: str) -> Any:
        """Wait until a child has ended and return its last update."""
        update = self._known.get(name)
        if update is not None and update.phase in actions.ENDED:
            return update
        if self._gone is not None:
            raise self._gone
        future = self._waiting.get(name)
        if future is None:
            future = self._waiting[name] = self._loop.create_future()
        return await asyncio.shield(future)

    async def abort(self, child: actions.Child, reason: str) -> None:
        """End a child that nobody waits for any more."""
        request = actions.abort_request(child, reason, use_actions=self._use_actions)
        if self._use_actions:
            await self._plane.actions.abort(request)
        else:
            await self._plane.queue.abort_queued_action(request)

    async def in_thread(self, function: Callable[[], R]) -> R:
        """Run what blocks beside the loop."""
        return await self._loop.run_in_executor(self._pool, function)

    @property
    def _plane(self) -> ControlPlane:
        if self._opened is None:
            self._opened = ControlPlane.connect(settings_of(self._invocation), person=False)
        return self._opened

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _shut(self) -> None:
        # What is under way are the ends of calls that were given up.
        under_way = asyncio.all_tasks() - {asyncio.current_task(), self._watching}
        if under_way:
            await asyncio.wait(under_way, timeout=CLOSING_SECONDS)
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._complete.done():
            self._complete.exception()  # it was told to whoever waited
        if self._opened is not None:
            await self._opened.close()

    async def _watch(self, plane: ControlPlane) -> None:
        """Follow the updates; a stream that breaks is opened again and tells everything anew."""
        request = actions.watch_request(self._parent, use_actions=self._use_actions)
        heard = time.monotonic()
        pause = 0.2
        while True:
            reason: Exception | None = None
            try:
                stream = plane.actions.watch_for_updates(request) if self._use_actions else plane.state.watch(request)
                async for message in stream:
                    heard, pause = time.monotonic(), 0.2
                    self._hear(message)
            except (NotReachedError, ServerFaultError) as error:
                reason = error
            except Exception as error:  # noqa: BLE001  it ends every call that waits
                self._give_up(error)
                return
            if time.monotonic() - heard > AWAY_SECONDS:
                self._give_up(reason or RuntimeSystemError("ControlPlaneAway", "the control plane ends every stream"))
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self, message: Any) -> None:
        if message.HasField("control_message"):
            if message.control_message.sentinel and not self._complete.done():
                self._complete.set_result(None)
            return
        update = message.action_update
        name = update.action_id.name
        known = self._known.get(name)
        if known is not None and known.phase in actions.ENDED:
            return
        self._known[name] = update
        if update.phase in actions.ENDED:
            future = self._waiting.pop(name, None)
            if future is not None and not future.done():
                future.set_result(update)

    def _give_up(self, error: Exception) -> None:
        """Fail every call that waits, and those to come."""
        self._gone = RuntimeSystemError("ControlPlaneAway", f"children cannot be followed any more: {error}")
        self._gone.__cause__ = error
        for future in (self._complete, *self._waiting.values()):
            if not future.done():
                future.set_exception(self._gone)
        self._waiting.clear()


def settings_of(invocation: Invocation) -> Settings:
    """Return the settings of the control plane that the cluster names in the environment.

    :raises NotReadyError: it names none.
    """
    from flytectl_py.config.api import read_api_key

    key = read_api_key(invocation.api_key) if invocation.api_key else None
    endpoint = invocation.endpoint or (key.endpoint if key else "")
    if not endpoint:
        raise NotReadyError(
            "the task calls other tasks, and this container knows no control plane to run them",
            hint="the cluster sets _U_EP_OVERRIDE; to try the container by hand, set it to the endpoint",
        )
    flags = {
        "endpoint": endpoint,
        "insecure": invocation.insecure,
        "headless": True if invocation.hybrid is None else None,
        "api_key": invocation.api_key or None,
    }
    return resolve(flags, environ=os.environ)
