"""Whether what tasks are given, and what they return, is of the types that they declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flytectl_py.errors import BadInputsError, RuntimeDataValidationError
from flytectl_py.model.interface import MISSING, Input
from flytectl_py.model.task import Task


def check_types(task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse inputs of a run, and defaults that stand in for them, that are clearly of another type; see `misfit`.

    :param args: in the order of the signature, as `bind` gives them, and `kwargs` by name.
    :raises BadInputsError: some are; all of them at once.
    """
    _check(task, args, kwargs, _misfit)


def check_call(task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse what a task hands to another one, as `check_types`, unless a cluster would take it."""
    _check(task, args, kwargs, _refused)


def _check(
    task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], judge: Callable[[Any, Any], str]
) -> None:
    problems = []
    inputs = task.interface.inputs
    given = {**dict(zip((each.name for each in inputs), args, strict=False)), **kwargs}
    for each in inputs:
        value = given.get(each.name, each.default)
        # None as a default says that the input may be left out, whatever it is annotated with.
        if type(value) is each.annotation or each.annotation is MISSING or value is MISSING:
            continue
        if value is None and each.default is None:
            continue
        problem = _problem(each, judge(each.annotation, value), each.name in given)
        if problem:
            problems.append(problem)
    if problems:
        raise BadInputsError(task.name, problems)


def check_returned_types(task: Task[..., Any], value: Any) -> Any:
    """Return `value`, which a task returned, unless it is clearly of another type than the task declares.

    Another number of values than are declared is told where they are taken apart.

    :raises RuntimeDataValidationError: it is.
    """
    _, outputs, returns = task.interface
    if not outputs or type(value) is returns:
        return value
    if len(outputs) == 1:
        _check_output(task, outputs[0].name, returns, value)
    elif isinstance(value, tuple) and len(value) == len(outputs):
        for each, part in zip(outputs, value, strict=True):
            if type(part) is not each.annotation:
                _check_output(task, each.name, each.annotation, part)
    return value


def _check_output(task: Task[..., Any], name: str, annotation: Any, value: Any) -> None:
    fault = _refused(annotation, value)
    if fault:
        raise RuntimeDataValidationError(name, fault, task.name)


def _problem(each: Input, fault: str, is_given: bool) -> str:
    return f"{'input' if is_given else 'the default of input'} '{each.name}': {fault}" if fault else ""


def _misfit(annotation: Any, value: Any) -> str:
    from flytectl_py.values.convert import misfit  # Most runs never need it.

    return misfit(annotation, value)


def _refused(annotation: Any, value: Any) -> str:
    """Return what is clearly wrong with a value that a cluster would refuse as well; True for an integer travels."""
    fault = _misfit(annotation, value)
    if not fault:
        return ""
    from flytectl_py.values.badvalue import BadValue
    from flytectl_py.wire.literals import to_literal

    try:
        to_literal(annotation, value)
    except BadValue:
        return fault
    return ""
