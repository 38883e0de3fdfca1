"""Settings of a task that say nothing of its code: caching, retries, timeouts, interruption, the report."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flyteidl2.core import literals_pb2, tasks_pb2

from flytectl_py import __version__
from flytectl_py.model.retry import Backoff, RetryStrategy, Timeout
from flytectl_py.model.task import Task

if TYPE_CHECKING:
    from flyteidl2.core import interface_pb2

PYTHON_TASK: Final = "python"
"""The type of a task that is a function, in a container of its own."""
_LONGEST_WAIT = timedelta(days=36500)


def metadata(
    task: Task[..., object],
    interface: interface_pb2.TypedInterface,
    task_type: str,
    cache_version: str = "",
    bundle_uri: str = "",
) -> tasks_pb2.TaskMetadata:
    """Return the metadata of a task.

    :param interface: the task's own, on the wire. :param cache_version: of its cached outputs, if it has a cache.
    :param bundle_uri: where the code that travels is, if any does.
    """
    settings, environment = task.settings, task.environment
    interruptible = environment.interruptible if settings.interruptible is None else settings.interruptible
    made = tasks_pb2.TaskMetadata(
        runtime=tasks_pb2.RuntimeMetadata(
            type=tasks_pb2.RuntimeMetadata.FLYTE_SDK, version=__version__, flavor="python"
        ),
        retries=_retries(settings.retries),
        discovery_version=_discovery_version(task, interface, cache_version),
        interruptible=bool(interruptible),
        pod_template_name=pod_template_name(task),
        debuggable=task_type == PYTHON_TASK,  # neither warm containers nor commands are debugged
        code_bundle_uri=bundle_uri,
    )
    made.generates_deck.value = settings.report
    cache = settings.cache
    if cache.is_enabled():
        made.discoverable = True
        made.cache_serializable = cache.serialize
        made.cache_ignore_input_vars.extend(cache.get_ignored_inputs())
        if isinstance(cache.max_age, timedelta):
            made.cache_max_age.FromTimedelta(cache.max_age)
    _set_timeouts(made, settings.timeout)
    return made


def pod_template_name(task: Task[..., object]) -> str:
    """Return the name of the cluster's own pod template that the task asks for, or an empty text."""
    template = task.settings.pod_template or task.environment.pod_template
    return template if isinstance(template, str) else ""


def _discovery_version(task: Task[..., object], interface: interface_pb2.TypedInterface, cache_version: str) -> str:
    """Return the version of the cached outputs; a task without a cache has one as well, of its name and interface."""
    if task.settings.cache.is_enabled():
        return cache_version
    text = f"{task.name}\n".encode() + interface.SerializeToString(deterministic=True)
    return hashlib.sha256(text).hexdigest()


def _retries(strategy: RetryStrategy) -> literals_pb2.RetryStrategy:
    made = literals_pb2.RetryStrategy(retries=strategy.count)
    if strategy.count and strategy.backoff is not None:
        given = strategy.backoff
        backoff = given if isinstance(given, Backoff) else Backoff(strategy.delay(1), strategy.backoff_factor or 1.0)
        made.backoff.base.FromTimedelta(backoff.base)
        made.backoff.factor = backoff.factor
        cap = backoff.cap
        if cap is None and backoff.factor > 1:
            # A cluster wants a cap on what grows: the last wait is one that changes nothing.
            cap = min(strategy.delay(strategy.count), _LONGEST_WAIT)
        if cap is not None:
            made.backoff.cap.FromTimedelta(cap)
    return made


def _set_timeouts(made: tasks_pb2.TaskMetadata, timeout: Timeout | None) -> None:
    if timeout is None:
        return
    if timeout.runtime is not None:
        made.timeout.FromTimedelta(timeout.runtime)
    if timeout.queued is not None:
        made.timeouts.queued_timeout.FromTimedelta(timeout.queued)
