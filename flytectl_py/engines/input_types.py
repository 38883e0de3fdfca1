"""Whether the inputs of a run are of the types that its task declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flytectl_py.errors import BadInputsError
from flytectl_py.model.interface import MISSING, Input
from flytectl_py.model.task import Task


def check_types(task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse inputs, and defaults that stand in for them, that are clearly of another type; see `misfit`.

    :param args: as `bind` gives them, like `kwargs`.
    :raises BadInputsError: some are; all of them at once.
    """
    problems = []
    inputs = task.interface.inputs
    given = {**dict(zip((each.name for each in inputs), args, strict=False)), **kwargs}
    for each in inputs:
        value = given.get(each.name, each.default)
        # None as a default says that the input may be left out, whatever it is annotated with.
        if type(value) is each.annotation or each.annotation is MISSING or value is MISSING:
            continue
        if not (value is None and each.default is None) and (problem := _problem(each, value, each.name in given)):
            problems.append(problem)
    if problems:
        raise BadInputsError(task.name, problems)


def _problem(each: Input, value: Any, is_given: bool) -> str:
    from flytectl_py.values.convert import misfit

    fault = misfit(each.annotation, value)
    return f"{'input' if is_given else 'the default of input'} '{each.name}': {fault}" if fault else ""
