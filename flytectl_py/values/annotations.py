"""What an annotation comes down to once aliases are followed, and how a user writes it."""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from flytectl_py.model.interface import MISSING

_QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"})
_ANYTHING = (Any, object, MISSING)


def is_anything(annotation: Any) -> bool:
    """Whether any value at all is allowed: no annotation, ``Any`` or ``object``."""
    return any(annotation is each for each in _ANYTHING)


def unwrap(annotation: Any) -> Any:
    """Return what `annotation` comes down to.

    ``Annotated[X, …]`` is X, a NewType or an alias is what it names, a TypeVar its bound, its constraints or Any,
    ``None`` is its type, and the likes of ``Required[X]`` are X.
    """
    while True:
        inner = _inner(annotation)
        if inner is annotation:
            return annotation
        annotation = inner


def _inner(annotation: Any) -> Any:
    if annotation is None:
        return types.NoneType
    if is_anything(annotation):
        return Any
    if isinstance(annotation, typing.NewType):
        return annotation.__supertype__
    if isinstance(annotation, typing.TypeVar):
        return _of_type_var(annotation)
    if isinstance(annotation, dataclasses.InitVar):
        return annotation.type
    if _is_alias(annotation):
        return annotation.__value__
    origin = typing.get_origin(annotation)
    if origin is None:
        return str if annotation is getattr(typing, "LiteralString", None) else annotation
    if origin is typing.Annotated:
        return annotation.__origin__
    if getattr(origin, "_name", "") in _QUALIFIERS:
        return typing.get_args(annotation)[0]
    if _is_alias(origin):
        return substitute(
            origin.__value__, dict(zip(origin.__type_params__, typing.get_args(annotation), strict=False))
        )
    return annotation


def _is_alias(annotation: Any) -> bool:
    # typing.TypeAliasType came with Python 3.12.
    return type(annotation).__name__ == "TypeAliasType" and hasattr(annotation, "__value__")


def _of_type_var(variable: typing.TypeVar) -> Any:
    if variable.__bound__ is not None:
        return variable.__bound__
    if variable.__constraints__:
        return typing.Union[variable.__constraints__]  # noqa: UP007  # made of a tuple at run time
    return Any


def substitute(annotation: Any, values: dict[Any, Any]) -> Any:
    """Return `annotation` with type variables replaced by `values`."""
    try:
        if annotation in values:
            return values[annotation]
    except TypeError:  # not hashable, so not a variable either
        return annotation
    parameters = getattr(annotation, "__parameters__", ())
    if not isinstance(parameters, tuple) or not parameters or isinstance(annotation, type):
        return annotation
    return annotation[tuple(values.get(parameter, parameter) for parameter in parameters)]


def is_union(annotation: Any) -> bool:
    """Whether `annotation`, unwrapped, is ``X | Y`` or ``Union[X, Y]``."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def arms_of(annotation: Any) -> list[Any]:
    """Return the arms of a union, unions inside it unfolded; of anything else, itself."""
    plain = unwrap(annotation)
    if not is_union(plain):
        return [annotation]
    return [arm for each in typing.get_args(plain) for arm in arms_of(each)]


def optional_of(annotation: Any) -> Any:
    """Return X for ``X | None``, and anything else as it is."""
    arms = arms_of(annotation)
    others = [arm for arm in arms if unwrap(arm) is not types.NoneType]
    return others[0] if len(others) == 1 and len(arms) > 1 else annotation


def origin_class(annotation: Any) -> Any:
    """Return the class behind an annotation: ``list`` for ``list[int]``."""
    return typing.get_origin(annotation) or annotation


def class_named(module: str, *names: str) -> Callable[[Any], bool]:
    """Return a test for classes of a module that is only looked at if it is loaded already.

    Whoever has an annotation of such a class has loaded its module.
    """

    def matches(annotation: Any) -> bool:
        loaded = sys.modules.get(module)
        annotation = origin_class(annotation)
        if loaded is None or not isinstance(annotation, type):
            return False
        return any(issubclass(annotation, getattr(loaded, name)) for name in names)

    return matches


def type_name(annotation: Any) -> str:
    """Return the annotation as a user writes it, without the modules of classes: ``list[int]``, ``int | None``."""
    if is_anything(annotation):
        return "Any"
    if annotation is None or annotation is types.NoneType:
        return "None"
    if annotation is Ellipsis:
        return "..."
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(annotation.__origin__)
    if is_union(annotation):
        return " | ".join(type_name(arm) for arm in arguments)
    if origin is typing.Literal:
        return f"Literal[{', '.join(_literal_name(value) for value in arguments)}]"
    if isinstance(annotation, list):  # the parameters of a Callable
        return f"[{', '.join(type_name(each) for each in annotation)}]"
    if isinstance(annotation, str):
        return annotation
    name: str = getattr(annotation, "__name__", None) or getattr(origin, "__name__", None) or str(annotation)
    if name in ("List", "Dict", "Set", "FrozenSet", "Tuple"):
        name = name.lower()
    if arguments and origin is not None:
        return f"{name}[{', '.join(type_name(argument) for argument in arguments)}]"
    return f"{name}[()]" if origin is tuple else name


def _literal_name(value: Any) -> str:
    import enum

    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)
