"""The inputs and outputs of a task, as its signature and annotations declare them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from flytectl_py.errors import DeclarationError


class Missing:
    """The type of `MISSING`: no annotation, or no default."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Input(NamedTuple):
    """One parameter of a task. `annotation` and `default` are `MISSING` where the signature has none.

    `positional` and `keyword` say how it may be passed.
    """

    name: str
    annotation: Any
    default: Any
    positional: bool
    keyword: bool = True

    @property
    def required(self) -> bool:
        return self.default is MISSING


class Output(NamedTuple):
    """One value that a task returns, named ``o0``, ``o1``, …"""

    name: str
    annotation: Any


class Interface(NamedTuple):
    """Inputs in the signature's order; outputs in the order in which they are returned.

    A task that returns ``None`` has no outputs. A ``tuple[A, B]`` or a NamedTuple is one output for each item.
    `returns` is the return annotation itself, `MISSING` where the signature has none.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    returns: Any = MISSING

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Interface:
        """Read the interface of `function`.

        :raises DeclarationError: ``*args``, ``**kwargs``, or an annotation whose names cannot be resolved.
        """
        parameters = inspect.signature(function).parameters.values()
        hints = _hints(function)
        inputs = []
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise DeclarationError(
                    f"task {function.__name__}({parameter})",
                    parameter.name,
                    "a task names each of its inputs, so that they can be given and recorded",
                    where=_where(function),
                )
            default = MISSING if parameter.default is parameter.empty else parameter.default
            positional = parameter.kind is not parameter.KEYWORD_ONLY
            keyword = parameter.kind is not parameter.POSITIONAL_ONLY
            inputs.append(Input(parameter.name, hints.get(parameter.name, MISSING), default, positional, keyword))
        returns = hints.get("return", MISSING)
        return cls(tuple(inputs), outputs_of(returns), returns)

    def input(self, name: str) -> Input | None:
        """Return the input of that name, or None."""
        return next((each for each in self.inputs if each.name == name), None)


def outputs_of(annotation: Any) -> tuple[Output, ...]:
    """Return the outputs that a return annotation declares."""
    if annotation is None or annotation is type(None):
        return ()
    fields = getattr(annotation, "__annotations__", {}) if _is_named_tuple(annotation) else None
    if fields:
        items = list(typing.get_type_hints(annotation).values())
    elif typing.get_origin(annotation) is tuple and Ellipsis not in typing.get_args(annotation):
        items = list(typing.get_args(annotation))
    else:
        items = [annotation]
    return tuple(Output(f"o{index}", item) for index, item in enumerate(items))


def _is_named_tuple(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields")


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise DeclarationError(
            f"task {function.__name__}",
            {name: note for name, note in function.__annotations__.items() if isinstance(note, str)} or str(error),
            f"its annotations cannot be resolved: {error}; "
            "import the name at module level, outside `if TYPE_CHECKING:`",
            where=_where(function),
        ) from error


def _where(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
