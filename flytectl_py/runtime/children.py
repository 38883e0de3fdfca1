"""What a running task does when it calls others: each call is a child of its action, which the cluster runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from flytectl_py.model.context import current_group
from flytectl_py.model.task import Task
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.runtime.log import tell
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData

if TYPE_CHECKING:
    from concurrent.futures import Future

    from flytectl_py.runtime.link import Link
    from flytectl_py.runtime.tracing import Tracing
    from flytectl_py.wire.actions import Child

R = TypeVar("R")

AnyTask = Task[..., Any]


class _Call(NamedTuple):
    """A call of a task that is about to become a child."""

    task: AnyTask
    callee: bytes
    identity: str
    inputs: bytes
    child: Child
    spec: Any
    key: str | None


class Children:
    """The dispatcher of a task in a container. What it needs of the network is loaded with the first call."""

    def __init__(self, invocation: Invocation, places: Places, raw_data: RawData) -> None:
        self._invocation = invocation
        self._places = places
        self._raw_data = raw_data
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._tracing: Tracing | None = None
        self._specs: dict[int, tuple[AnyTask, Any, bytes]] = {}
        self._calls: dict[tuple[bytes, str], int] = {}

    # -- what tasks call while they run

    def call(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = self._prepare(task, args, kwargs)
        future = self._submit(call)
        try:
            outputs = future.result()
        except BaseException:
            future.cancel()
            raise
        return self._returned(task, outputs)

    def call_async(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Any]:
        # The name and the group are those of the call, not of the first time that the coroutine runs.
        coroutine = self._awaited(self._prepare(task, args, kwargs))
        coroutine.__qualname__ = task.name  # type: ignore[attr-defined]  # Python's warning names what was not awaited.
        return coroutine

    async def _awaited(self, call: _Call) -> Any:
        import asyncio

        return self._returned(call.task, await asyncio.wrap_future(self._submit(call)))

    def note(self, text: str) -> None:
        tell(f"flyte: {text}\n")

    def trace(self, name: str, function: Callable[[], R]) -> R:
        return self._traces().call(name, function)

    def trace_async(self, name: str, function: Callable[[], Awaitable[R]]) -> Awaitable[R]:
        return self._traces().call_async(name, function)

    def trace_stream(self, name: str, function: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        return self._traces().stream(name, function)

    # -- for tracing and for the end

    def link(self) -> Link:
        """Return the connection, made with the first call."""
        with self._lock:
            if self._link is None:
                from flytectl_py.runtime.link import Link

                self._link = Link(self._invocation)
            return self._link

    def name(self, callee: bytes, identity: str) -> str:
        """Return the name of the next child that calls `callee` with inputs of that identity."""
        from flytectl_py.wire.actions import action_name

        with self._lock:
            number = self._calls.get((callee, identity), 0)
            self._calls[callee, identity] = number + 1
        return action_name(self._invocation.action, callee, identity, number)

    def close(self) -> None:
        """Wait for what was traced to be recorded, and end the connection."""
        try:
            if self._tracing is not None:
                self._tracing.finish()
        finally:
            if self._link is not None:
                self._link.close()

    # -- one call

    def _prepare(self, task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call:
        from flytectl_py.engines.api import bind
        from flytectl_py.runtime.sizes import check_size
        from flytectl_py.values.badvalue import BadValue
        from flytectl_py.wire.actions import Child, cache_key
        from flytectl_py.wire.inputs import inputs_message
        from flytectl_py.wire.inputs_hash import content_hash

        leading, named = bind(task, args, kwargs)
        values = {**dict(zip((each.name for each in task.interface.inputs), leading, strict=False)), **named}
        try:
            message = inputs_message(task.interface, values, self._raw_data)
        except BadValue as bad:
            from flytectl_py.errors import BadInputsError

            raise BadInputsError(task.name, [str(bad)]) from bad
        data = message.SerializeToString()
        check_size(task, "inputs", len(data))
        spec, digest = self._spec(task)
        identity = content_hash(message.literals)
        child = Child(
            self._invocation.action_id, self.name(digest, identity), current_group.get(), self._invocation.run_base
        )
        cache = task.settings.cache
        key = cache_key(spec, message, cache.get_ignored_inputs()) if cache.is_enabled() else None
        return _Call(task, digest, identity, data, child, spec, key)

    def _spec(self, task: AnyTask) -> tuple[Any, bytes]:
        known = self._specs.get(id(task))
        if known is None:
            import hashlib

            from flytectl_py.runtime.submission import submission_for
            from flytectl_py.wire.run_request import run_task_spec
            from flytectl_py.wire.task_spec import task_spec

            submission = submission_for(task, self._invocation, self._places)
            spec = run_task_spec(task_spec(task, submission), keep_sys_path=self._invocation.hybrid is not None)
            # Packed twice, a task is not the same to the byte; its caller, which a retry shares, stands for it.
            callee = f"{task.name} of {self._invocation.pkl}".encode() if self._invocation.pkl else spec
            encoded = callee if isinstance(callee, bytes) else callee.SerializeToString(deterministic=True)
            digest = hashlib.sha256(encoded).digest()
            # The task is kept so that its id stays its own.
            known = self._specs[id(task)] = (task, spec, digest)
        return known[1], known[2]

    def _submit(self, call: _Call) -> Future[bytes]:
        link = self.link()
        return link.submit(self._outputs(link, call))

    async def _outputs(self, link: Link, call: _Call) -> bytes:
        """Have the child run, unless an attempt before has; return its outputs, or raise what became of it."""
        import asyncio

        from flytectl_py.runtime.results import outcome_of
        from flytectl_py.wire.actions import ABORTED, task_request

        child = call.child
        await link.ready()
        while (known := link.known(child.name)) is not None and known.phase == ABORTED:
            # An attempt before did not wait for it: it has no outcome, and a name is used once.
            child = child._replace(name=self.name(call.callee, call.identity))
        try:
            if known is None:
                request = task_request(child, call.spec, call.key, use_actions=self._invocation.use_actions)
                await link.start(lambda: self._places.write(child.inputs, call.inputs), request)
            update = await link.end_of(child.name)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):  # nobody waits: what it does has no reader
                await link.abort(child, "its parent does not wait for it any more")
            raise
        return await link.in_thread(lambda: outcome_of(call.task, child, update, self._places))

    def _returned(self, task: AnyTask, outputs: bytes) -> Any:
        from flyteidl2.task.common_pb2 import Outputs

        from flytectl_py.wire.inputs import returned_value

        return returned_value(task.interface, Outputs.FromString(outputs), self._raw_data)

    def _traces(self) -> Tracing:
        with self._lock:
            if self._tracing is None:
                from flytectl_py.runtime.tracing import Tracing

                self._tracing = Tracing(self, self._invocation, self._places, self._raw_data)
            return self._tracing
