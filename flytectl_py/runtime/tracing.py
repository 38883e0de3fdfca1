"""Traced calls of a task in a container: each is recorded as a child that has ended, and not repeated by a retry."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from flyteidl2.task.common_pb2 import Outputs

from flytectl_py.errors import FlyteError
from flytectl_py.model.context import current_group
from flytectl_py.model.interface import Interface
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.runtime.failing import of_user_code
from flytectl_py.runtime.link import Link
from flytectl_py.runtime.log import tell
from flytectl_py.runtime.outcome import ERROR, OUTPUTS
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData
from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire import actions
from flytectl_py.wire.failures import error_document
from flytectl_py.wire.inputs import inputs_message, outputs_message, returned_value
from flytectl_py.wire.inputs_hash import content_hash

R = TypeVar("R")


class Actions(Protocol):
    """What tracing needs of the children of the action."""

    def link(self) -> Link:
        """Return the connection to the control plane."""

    def name(self, callee: bytes, identity: str) -> str:
        """Return the name of the next child that calls `callee` with inputs of that identity."""


class _Step(NamedTuple):
    """A traced call that is about to happen."""

    name: str
    interface: Interface
    child: actions.Child
    inputs: bytes


class Tracing:
    """Records traced calls. One that succeeded in an attempt before is not made again: its outputs are read."""

    def __init__(self, children: Actions, invocation: Invocation, places: Places, raw_data: RawData) -> None:
        self._children = children
        self._invocation = invocation
        self._places = places
        self._raw_data = raw_data
        self._records: list[Future[None]] = []

    def call(self, name: str, function: Callable[[], R]) -> R:
        """See `model.dispatch.Dispatcher.trace`."""
        step = self._prepare(name, function)
        if step is None:
            return function()
        before = self._link().submit(self._before(step)).result()
        if before is not None:
            return cast(R, self._read(step, before))
        started = time.time_ns()
        try:
            value = function()
        except BaseException as error:
            self._failed(step, started, error)
            raise
        self._succeeded(step, started, value)
        return value

    async def call_async(self, name: str, function: Callable[[], Awaitable[R]]) -> R:
        """See `model.dispatch.Dispatcher.trace_async`."""
        step = self._prepare(name, function)
        if step is None:
            return await function()
        before = await asyncio.wrap_future(self._link().submit(self._before(step)))
        if before is not None:
            return cast(R, self._read(step, before))
        started = time.time_ns()
        try:
            value = await function()
        except BaseException as error:
            self._failed(step, started, error)
            raise
        self._succeeded(step, started, value)
        return value

    async def stream(self, name: str, function: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        """See `model.dispatch.Dispatcher.trace_stream`. Its items are not kept, so a retry makes the call again."""
        step = self._prepare(name, function)
        if step is not None:
            step = step._replace(interface=step.interface._replace(outputs=(), returns=None))
        started = time.time_ns()
        try:
            async for item in function():
                yield item
        except BaseException as error:
            if step is not None:
                self._failed(step, started, error)
            raise
        if step is not None:
            self._succeeded(step, started, None)

    def finish(self) -> None:
        """Wait until everything is recorded. What cannot be is told of: the task's own outcome does not hang on it."""
        for record in self._records:
            try:
                record.result()
            except FlyteError as error:
                tell(f"flyte: a traced call could not be recorded: {error}\n")

    def _prepare(self, name: str, function: Callable[[], Any]) -> _Step | None:
        """Name the call; None where it cannot be recorded: no control plane, or inputs that cannot travel."""
        if not (self._invocation.endpoint or self._invocation.api_key) or not isinstance(function, functools.partial):
            return None
        try:
            interface = Interface.of(function.func)
            positional = [each.name for each in interface.inputs if each.positional]
            values = {**dict(zip(positional, function.args, strict=False)), **function.keywords}
            message = inputs_message(interface, values, self._raw_data)
        except (FlyteError, BadValue) as error:
            tell(f"flyte: the call of {name} is not recorded: {error}\n")
            return None
        callee = f"trace {function.func.__module__}.{function.func.__qualname__}".encode()
        known_as = self._children.name(callee, content_hash(message.literals))
        child = actions.Child(self._invocation.action_id, known_as, current_group.get(), self._invocation.run_base)
        return _Step(name, interface, child, message.SerializeToString())

    async def _before(self, step: _Step) -> bytes | None:
        """Return the outputs of the same call in an attempt before, or None where there are none."""
        link = self._link()
        await link.ready()
        update = link.known(step.child.name)
        if update is None or update.phase not in actions.SUCCEEDED:
            return None
        return await link.in_thread(lambda: self._places.find(f"{step.child.folder}/{OUTPUTS}"))

    def _read(self, step: _Step, outputs: bytes) -> Any:
        return returned_value(step.interface, Outputs.FromString(outputs), self._raw_data)

    def _succeeded(self, step: _Step, started: int, value: Any) -> None:
        ended = time.time_ns()
        try:
            outputs = outputs_message(step.interface, value, self._raw_data).SerializeToString()
        except (FlyteError, BadValue) as error:
            tell(f"flyte: the call of {step.name} is not recorded: {error}\n")
            return
        uri = f"{step.child.folder}/{OUTPUTS}"
        self._record(step, actions.Traced(step.name, step.interface, started, ended, uri), uri, outputs)

    def _failed(self, step: _Step, started: int, error: BaseException) -> None:
        document = error_document(of_user_code(error)).SerializeToString()
        traced = actions.Traced(step.name, step.interface, started, time.time_ns(), None)
        self._record(step, traced, f"{step.child.folder}/{ERROR}", document)

    def _record(self, step: _Step, traced: actions.Traced, uri: str, data: bytes) -> None:
        request = actions.trace_request(step.child, traced, use_actions=self._invocation.use_actions)

        def write() -> None:
            self._places.write(step.child.inputs, step.inputs)
            self._places.write(uri, data)

        link = self._link()
        self._records.append(link.submit(link.start(write, request)))

    def _link(self) -> Link:
        return self._children.link()
