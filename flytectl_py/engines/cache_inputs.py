"""The inputs of a call as one digest: files and folders by content, everything else by value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from flytectl_py.digest.framing import Value, encode_record
from flytectl_py.digest.value_digest import encode_value, is_structured
from flytectl_py.engines.cache_files import content_of, is_reference
from flytectl_py.errors import DeclarationError, FlyteError, did_you_mean
from flytectl_py.model.task import Task

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


class UncountableInputError(Exception):
    """An input has nothing that could stand for it in a key; the message says which and why."""


def all_plain(values: Iterable[Any]) -> bool:
    """Whether all values are numbers, texts and the like, which cost nothing to digest."""
    return all(type(value) in _PLAIN for value in values)


def inputs_digest(task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return SHA-256, 64 hex digits, over the inputs of a call that count, defaults included, by name.

    :raises UncountableInputError: one cannot be pickled, or a file cannot be read.
    :raises DeclarationError: the cache of the task ignores an input that it does not have.
    """
    given = _by_name(task, args, kwargs)
    encoded: dict[str, Value] = {}
    for name, value in given.items():
        try:
            encoded[name] = encode_value(value, _other)
        except RecursionError:
            raise UncountableInputError(f"the input '{name}' holds itself") from None
        except (FlyteError, OSError) as error:
            raise UncountableInputError(f"the input '{name}' cannot be read: {error}") from error
        except _UnpicklableError as error:
            raise UncountableInputError(f"the input '{name}' has no value that could be compared: {error}") from error
    return hashlib.sha256(encode_record("inputs", encoded)).hexdigest()


def counted_inputs(task: Task[..., Any]) -> tuple[str, ...]:
    """Return the names of the inputs that count.

    :raises DeclarationError: the cache of the task ignores an input that it does not have.
    """
    names = [each.name for each in task.interface.inputs]
    ignored = task.settings.cache.get_ignored_inputs()
    for name in ignored:
        if name not in names:
            raise DeclarationError(
                f"the cache of {task.name}: ignored_inputs",
                name,
                f"it takes {', '.join(names) or 'no inputs'}",
                suggestion=did_you_mean(name, names),
            )
    return tuple(name for name in names if name not in ignored)


def _by_name(task: Task[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    counted = counted_inputs(task)
    positional = [each.name for each in task.interface.inputs if each.positional]
    given = {**dict(zip(positional, args, strict=False)), **kwargs}
    defaults = {each.name: each.default for each in task.interface.inputs if not each.required}
    found = {**defaults, **given}
    return {name: found[name] for name in counted if name in found}


class _UnpicklableError(Exception):
    pass


def _other(value: Any) -> Value:
    """Return what stands for a file or an object; None for one that enters by its fields."""
    if is_reference(value):
        return content_of(value)
    if is_structured(value):
        return None
    import pickle

    try:
        # Equal objects may be pickled to other bytes: that is a miss, never a wrong hit.
        return hashlib.sha256(pickle.dumps(value, protocol=4)).hexdigest()
    except Exception as error:
        raise _UnpicklableError(f"{type(error).__name__}: {error}") from error
