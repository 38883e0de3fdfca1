"""Functions as they are in memory: where their text is, what they wrap, and what their closures hold."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import linecache
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

from flytectl_py.digest.value_digest import encode_value, is_structured
from flytectl_py.errors import UsageError
from flytectl_py.model.environment import Environment
from flytectl_py.model.task import Task

_HINT = "give its cache a version: flyte.Cache('auto', version_override='1')"


def function_of(value: object) -> types.FunctionType | None:
    """Return the plain function in `value`: a function, a method, a task, a partial, or what wraps one of them."""
    seen = 0
    while not isinstance(value, types.FunctionType):
        inner = value.func if isinstance(value, Task | functools.partial) else None
        inner = inner or getattr(value, "__wrapped__", None) or getattr(value, "__func__", None)
        seen += 1
        if inner is None or seen > 100:
            return None
        value = inner
    return value


def start_of(function: Callable[..., Any]) -> types.FunctionType:
    """Return the plain function of a task.

    :raises UsageError: it has no text: it was made in C.
    """
    found = function_of(function)
    if found is None:
        name = getattr(function, "__qualname__", repr(function))
        raise UsageError(f"the code of {name} cannot be read: it is not written in Python", hint=_HINT)
    return found


def held_by(function: types.FunctionType) -> Iterator[tuple[str, object]]:
    """Yield by name what a function holds that its text does not say: what it wraps, and its closure.

    Defaults of a function that was made by another one were computed there, so they count as well.
    """
    if "__wrapped__" in function.__dict__:
        yield "__wrapped__", function.__dict__["__wrapped__"]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # Not bound yet.
            continue
    if "<locals>" in function.__qualname__:
        for number, value in enumerate(function.__defaults__ or ()):
            yield f"default {number}", value
        for name, value in (function.__kwdefaults__ or {}).items():
            yield f"default {name}", value


def typed_in(thing: types.FunctionType | type) -> ast.stmt:
    """Return the syntax tree of a function or class that lives in no file, as those of a notebook.

    :raises UsageError: there is no text of it.
    """
    try:
        if isinstance(thing, type):
            return _class_typed_in(thing.__name__)
        return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    except (OSError, TypeError, SyntaxError, ValueError, LookupError) as error:
        raise UsageError(f"the code of {thing.__qualname__} cannot be read: {error}", hint=_HINT) from error


def _class_typed_in(name: str) -> ast.stmt:
    """Find a class in the texts that were typed in, the last one first: `inspect` looks for classes in files only.

    :raises LookupError: it is in none.
    """
    for _, changed, lines, _ in reversed([each for each in linecache.cache.values() if len(each) == 4]):
        text = "" if changed is not None else "".join(lines)  # Files have a time.
        if f"class {name}" in text:
            for statement in reversed(ast.parse(text).body):
                if isinstance(statement, ast.ClassDef) and statement.name == name:
                    return statement
    raise LookupError("no text that was typed in has it")


def value_text(value: object) -> str:
    """Return what stands for a plain value: a digest; for any other object, what its class is called."""
    if isinstance(value, Environment):
        return "environment"
    try:
        return hashlib.sha256(encode_value(value, _by_class)).hexdigest()
    except (RecursionError, UsageError):
        return _class_name(type(value))


def _by_class(value: Any) -> str | None:
    return None if is_structured(value) else _class_name(type(value))


def _class_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
