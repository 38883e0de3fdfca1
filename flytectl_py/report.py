"""The reports of the actions that run in this process: what tasks log to them, and where they are written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flytectl_py.bridge import Verb
from flytectl_py.errors import FlyteError, NotInTaskContextError
from flytectl_py.model.context import TaskContext, current_context
from flytectl_py.model.dispatch import dispatcher
from flytectl_py.model.report import MAIN, Report, Tab
from flytectl_py.model.world import the_data

FILE_NAME = "report.html"
"""Beside the action's outputs."""

_Key = tuple[str, str, int]


class _Reports:
    """The reports of actions that have not ended, and where those that are written are."""

    def __init__(self) -> None:
        self.open: dict[_Key, Report] = {}
        self.written: dict[str, None] = {}  # in the order in which they were
        self.lock = threading.Lock()


_reports = _Reports()


def current_report() -> Report:
    """Return the report of the running task; it is new where nothing was logged yet.

    :raises NotInTaskContextError: no task is running here.
    """
    context = current_context.get()
    if context is None:
        raise NotInTaskContextError(
            "NotInTaskContext", "a report belongs to a running task, and none is running here: log to it inside a task"
        )
    with _reports.lock:
        return _reports.open.setdefault(_key(context), Report(context.task))


def get_tab(name: str, create_if_missing: bool = True) -> Tab:
    """Return a tab of the running task's report: ``flyte.report.get_tab("plots").log(figure)``.

    :raises ValueError: there is none of that name, and none is to be made.
    :raises NotInTaskContextError: no task is running here.
    """
    return current_report().get_tab(name, create_if_missing)


def _log(content: Any, do_flush: bool = False) -> None:
    """Add `content` to the main tab of the running task's report: text, or what is HTML (`flyte.report.HTML`).

    ``await flyte.report.log.aio(content)`` is the form for async code.

    :param do_flush: write the report now; at the latest it is written when a task with ``report=True`` ends.
    :raises NotInTaskContextError: no task is running here.
    """
    current_report().get_tab(MAIN).log(_as_meant(content))
    if do_flush:
        _flush()


def _replace(content: Any, do_flush: bool = False) -> None:
    """Let the main tab of the running task's report show nothing but `content`; otherwise as `log`."""
    current_report().get_tab(MAIN).replace(_as_meant(content))
    if do_flush:
        _flush()


def _flush() -> None:
    """Write the running task's report as it is now, beside the action's outputs.

    :raises NotInTaskContextError: no task is running here.
    """
    html = current_report().get_final_report()
    context = current_context.get()
    assert context is not None  # noqa: S101  current_report() has said so
    _write(context, html)


def finish(context: TaskContext, *, declared: bool, write: Callable[[str, str], object] | None = None) -> None:
    """Write the report of an action that ends, and forget it. The engine calls it.

    :param declared: whether the task was declared with ``report=True``; one that was not says so and writes nothing
        but what it flushed itself.
    :param write: takes the path and the text, in place of who keeps the data.
    """
    with _reports.lock:
        report = _reports.open.pop(_key(context), None)
    if report is None:
        return
    if declared:
        try:
            _write(context, report.get_final_report(), write)
        except (FlyteError, OSError, ValueError) as error:
            # The action itself has ended as it has.
            _note(f"the report of {context.task} cannot be written: {error}")
    elif _path(context) not in _reports.written:
        _note(f"{context.task} logs to a report that nobody keeps: declare it with @env.task(report=True)")


def written_reports() -> list[str]:
    """Return where the reports of this process's actions were written, in that order."""
    return list(_reports.written)


def _write(context: TaskContext, html: str, write: Callable[[str, str], object] | None = None) -> None:
    path = _path(context)
    (write or the_data().write_text)(path, html)
    _reports.written[path] = None


def _path(context: TaskContext) -> str:
    return f"{context.output_path}/{FILE_NAME}"


def _key(context: TaskContext) -> _Key:
    return context.action.run_name, context.action.name, context.attempt


def _as_meant(content: Any) -> Any:
    """Return `content`, having said that text which looks like HTML is shown as text."""
    if type(content) is str and content.lstrip()[:1] == "<" and content.rstrip()[-1:] == ">":
        _note("a report shows text as it is; what is HTML is given as flyte.report.HTML(…)")
    return content


def _note(text: str) -> None:
    running = dispatcher()
    if running is not None:
        running.note(text)


async def _log_async(content: Any, do_flush: bool = False) -> None:
    current_report().get_tab(MAIN).log(_as_meant(content))
    if do_flush:
        await _flush_async()


async def _replace_async(content: Any, do_flush: bool = False) -> None:
    current_report().get_tab(MAIN).replace(_as_meant(content))
    if do_flush:
        await _flush_async()


async def _flush_async() -> None:
    await the_data().aside(_flush)


_log.__name__, _replace.__name__, _flush.__name__ = "log", "replace", "flush"
log = Verb(_log, _log_async)
replace = Verb(_replace, _replace_async)
flush = Verb(_flush, _flush_async)
