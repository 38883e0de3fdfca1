"""One attempt of an action: inputs in, the task's function called, outputs or an error out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.errors import RuntimeDataValidationError
from flytectl_py.model.context import TaskContext, current_context
from flytectl_py.model.dispatch import current_dispatcher, runs_of_process
from flytectl_py.model.task import Task
from flytectl_py.runtime.arguments import Invocation
from flytectl_py.runtime.memory import limit_in_words, processes_killed
from flytectl_py.runtime.outcome import Outcome
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.raw_data import RawData

if TYPE_CHECKING:
    from flytectl_py.wire.failures import Failure

AnyTask = Task[..., Any]

Deadline = Callable[[float, "Failure"], None]
"""Is told in how many seconds the attempt ends with which failure, whatever its code does."""


def run_attempt(invocation: Invocation, places: Places, outcome: Outcome, deadline: Deadline) -> bool:
    """Run the action and write its outcome; return False where something under the user's code failed.

    :raises FlyteError: the code never ran, or its outputs could not be written: no outcome is written yet.
    """
    task = _load(invocation, places)
    data = places.read(invocation.inputs)
    raw_data = RawData(places, invocation.raw_data_path)
    inputs = _inputs(task, data, raw_data)
    killed = processes_killed()
    try:
        returned = _call(task, inputs, invocation, places, raw_data, deadline)
        outputs = _outputs(task, returned, raw_data)
    except BaseException as error:  # noqa: BLE001  whatever the user's code raises is its outcome
        from flytectl_py.runtime.failing import of_user_code, say

        more = processes_killed() - killed
        failure = of_user_code(
            error,
            code_at=Path(invocation.dest).absolute(),
            killed_for_memory=more,
            limit=limit_in_words() if more else "",
        )
        _upload_report(invocation, task, places)
        say(failure)
        outcome.fail(failure)
        return failure.kind == "user"
    _upload_report(invocation, task, places)
    outcome.succeed(outputs)
    return True


def _load(invocation: Invocation, places: Places) -> AnyTask:
    from flytectl_py.config.settings import set_scope
    from flytectl_py.runtime.code import install_code

    # Modules may ask for the domain while they are loaded, to declare what is right there.
    set_scope(project=invocation.project, domain=invocation.domain, org=invocation.org)
    code = install_code(invocation, places)
    if invocation.pkl:
        from flytectl_py.runtime.packed import load_packed

        return load_packed(invocation.pkl, places)
    from flytectl_py.runtime.resolver import load_task

    return load_task(invocation.resolver, invocation.resolver_arguments, code)


def _inputs(task: AnyTask, data: bytes, raw_data: RawData) -> dict[str, Any]:
    from flyteidl2.task.common_pb2 import Inputs
    from google.protobuf.message import DecodeError

    from flytectl_py.runtime.sizes import check_size
    from flytectl_py.values.badvalue import BadValue
    from flytectl_py.wire.inputs import input_values

    check_size(task, "inputs", len(data))
    try:
        return input_values(task.interface, Inputs.FromString(data), raw_data)
    except BadValue as bad:
        raise RuntimeDataValidationError("inputs", bad, task.name) from None
    except DecodeError as error:
        raise RuntimeDataValidationError("inputs", "the file is not a flyteidl2.task.Inputs", task.name) from error


def _outputs(task: AnyTask, returned: Any, raw_data: RawData) -> bytes:
    from flytectl_py.runtime.sizes import check_size
    from flytectl_py.values.badvalue import BadValue
    from flytectl_py.wire.inputs import outputs_message

    try:
        data: bytes = outputs_message(task.interface, returned, raw_data).SerializeToString()
    except BadValue as bad:
        raise RuntimeDataValidationError("outputs", bad, task.name) from None
    check_size(task, "outputs", len(data))
    return data


def _call(
    task: AnyTask,
    inputs: dict[str, Any],
    invocation: Invocation,
    places: Places,
    raw_data: RawData,
    deadline: Deadline,
) -> Any:
    """Call the task's function as a cluster's action, whose calls of other tasks become children."""
    from flytectl_py.engines.api import bind
    from flytectl_py.engines.failures import check_returned
    from flytectl_py.engines.forked import InOneProcess
    from flytectl_py.runtime.children import Children

    args, kwargs = bind(task, (), inputs)
    # Off since the start, as imports make no garbage; what they made is never looked at.
    gc.freeze()
    gc.enable()
    children = Children(invocation, places, raw_data)
    current_dispatcher.set(children)
    runs_of_process.append(children)
    current_context.set(context_of(invocation, task))
    timeout = task.settings.timeout
    limit = None if timeout is None or timeout.runtime is None else timeout.runtime.total_seconds()
    try:
        if not task.is_async:
            if limit is not None:
                deadline(limit, _too_long(task, limit))
            with InOneProcess():
                return check_returned(task, task.func(*args, **kwargs))
        if limit is not None:
            # The event loop ends it in time, unless the code blocks the loop.
            deadline(limit + 1, _too_long(task, limit))
        return _awaited(task, args, kwargs, limit)
    finally:
        children.close()


def _too_long(task: AnyTask, limit: float) -> Failure:
    from flytectl_py.wire.failures import Failure

    text = f"{task.name} ran for longer than its timeout of {limit:g} s"
    return Failure("TaskTimeoutError", text, "user", recoverable=True)


def _awaited(task: AnyTask, args: tuple[Any, ...], kwargs: dict[str, Any], limit: float | None) -> Any:
    import asyncio

    from flytectl_py.engines.failures import timed_out
    from flytectl_py.engines.forked import InOneProcess

    async def called() -> Any:
        with InOneProcess():
            return await task.func(*args, **kwargs)

    async def main() -> Any:
        if limit is None:
            return await called()
        try:
            async with asyncio.timeout(limit) as scope:
                return await called()
        except TimeoutError:
            if scope.expired():
                raise timed_out(task, limit) from None
            raise

    return asyncio.run(main())


def context_of(invocation: Invocation, task: AnyTask) -> TaskContext:
    """Return what ``flyte.ctx()`` gives inside the action."""
    return TaskContext(
        action=invocation.action_id,
        task=task.name,
        version=invocation.version,
        mode="remote" if invocation.hybrid is None else "hybrid",
        attempt=invocation.attempt,
        run_base_dir=invocation.run_base,
        output_path=invocation.outputs_path,
        raw_data_path=invocation.raw_data_path,
    )


def _upload_report(invocation: Invocation, task: AnyTask, places: Places) -> None:
    """Upload the report of the action beside its outputs, if its code made one."""
    room = sys.modules.get("flytectl_py.report")
    if room is not None:
        context = context_of(invocation, task)

        def write(path: str, html: str) -> None:
            places.write(path, html.encode("utf-8", "backslashreplace"))

        room.finish(context, declared=task.settings.report, write=write)
