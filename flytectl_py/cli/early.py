"""Options that are needed before they can be parsed: the file is loaded with them, and it decides what is an option."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from flytectl_py.cli.options import Option


def given_early(args: Sequence[str], options: Mapping[str, Option], hidden: Collection[str]) -> dict[str, Any]:
    """Find which of `options` are given among arguments that cannot be parsed yet.

    :param hidden: long names that mean inputs of the task, see `hidden_by_inputs`.
    """
    found: dict[str, Any] = {}
    for key, option in options.items():
        for name in option.names:
            if name in hidden:
                continue
            for argument, following in zip_longest(args, args[1:]):
                value = _value(option, name, argument, following)
                if value is not None:
                    found[key] = found.get(key, 0) + value if option.kind == "count" else value
    return found


def _value(option: Option, name: str, argument: str, following: str | None) -> Any:
    """Return what `argument` says of the option, or None."""
    short = not name.startswith("--")
    if option.kind == "flag":
        return True if argument == name else None
    if option.kind == "count":
        letters = argument[1:] if short and argument.startswith("-") else ""
        if argument == name or (letters and set(letters) == {name[1:]}):
            return len(letters) or 1
        return None
    if argument == name:
        return following
    if short and len(name) == 2 and argument.startswith(name):
        return argument[2:]
    return argument.removeprefix(f"{name}=") if argument.startswith(f"{name}=") else None


_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def bare_flags(args: Sequence[str], flags: Mapping[str, str]) -> list[str]:
    """Return `args` with ``--flag true`` and ``--flag=true`` as ``--flag``, and those with ``false`` as ``--no-flag``.

    :param flags: what denies each flag, by its name. No argument follows an option here that could be meant instead.
    """
    found: list[str] = []
    rest = list(args)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.replace("_", "-").partition("=")
        if name in flags and not equals and rest and rest[0].lower() in _TRUE | _FALSE:
            value = rest.pop(0)
        said = value.lower()
        if name in flags and said in _TRUE | _FALSE:
            argument = name if said in _TRUE else flags[name]
        found.append(argument)
    return found


def hidden_by_inputs(options: Mapping[str, Option], file: str, task: str) -> list[str]:
    """Return the long names of `options` that are inputs of `task` as well, by the text of the file."""
    longs = [name for option in options.values() for name in option.names if name.startswith("--")]
    names = {name: name[2:].replace("-", "_") for name in longs}
    path = Path(file)
    try:
        text = path.read_bytes() if path.is_file() else b""
    except OSError:
        return []  # Loading the file says why.
    if not any(each.encode() in text for each in names.values()):
        return []
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []  # Loading the file says why.
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == task.rpartition(".")[2]:
            arguments = {each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
            return [name for name, each in names.items() if each in arguments]
    return []
