"""The ``root_dir`` that a file passes to ``flyte.init``, read from its text without running it."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CALLS = ("init", "init_from_config")


@dataclass(frozen=True, slots=True)
class DeclaredRoot:
    """What was found: the folder (absolute, or relative to the working directory), the function called, the line."""

    path: Path
    call: str
    line: int


def declared_root(text: bytes, path: Path) -> DeclaredRoot | None:
    """Return the root that ``flyte.init(root_dir=…)`` or ``flyte.init_from_config(root_dir=…)`` is given in `text`.

    Calls at module level and under ``if __name__ == "__main__":`` count; the first that is understood is returned.
    Understood are ``Path(__file__)``, ``Path("…")``, ``.parent``, ``.parents[n]``, ``.resolve()``, ``.absolute()``,
    ``/ "…"``, ``os.path.dirname`` and its like, text, and names that module-level code sets to such expressions.

    :param path: the file, absolute; stands for ``__file__``.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None  # Loading the module reports it, with its place.
    reader = _Reader(path)
    for statement in _statements(tree.body):
        reader.note(statement)
        for call in _calls(statement):
            name = reader.init_called(call.func)
            given = next((each.value for each in call.keywords if each.arg == "root_dir"), None)
            value = reader.value(given) if name and given is not None else None
            if name and value is not None:
                return DeclaredRoot(Path(value), name, call.lineno)
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield statement
        for part in ("body", "handlers", "orelse", "finalbody"):
            for inner in getattr(statement, part, ()):
                yield from _statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign):
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


_FUNCTIONS: dict[str, Callable[..., str | Path]] = {
    "pathlib.Path": Path,
    "pathlib.PurePath": Path,
    "str": str,
    "os.fspath": os.fspath,
    "os.path.dirname": os.path.dirname,
    "os.path.abspath": os.path.normpath,
    "os.path.realpath": os.path.realpath,
    "os.path.normpath": os.path.normpath,
    "os.path.join": os.path.join,
}
_METHODS: dict[str, Callable[..., str | Path]] = {
    "resolve": Path.resolve,
    "absolute": lambda path: path,
    "joinpath": Path.joinpath,
    "as_posix": Path.as_posix,
}


class _Reader:
    """Knows what the names of a module stand for, as far as read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, str | Path] = {"__file__": str(path)}
        self.imported: dict[str, str] = {}

    def note(self, statement: ast.stmt) -> None:
        """Take in what an import or an assignment says of names."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.asname:
                    self.imported[alias.asname] = alias.name
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            for alias in statement.names:
                self.imported[alias.asname or alias.name] = f"{statement.module}.{alias.name}"
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            value = self.value(statement.value)
            for target in targets:
                if isinstance(target, ast.Name):
                    self.values.pop(target.id, None)
                    if value is not None:
                        self.values[target.id] = value

    def full_name(self, node: ast.expr) -> str:
        """Return the dotted name of `node` with the module's import aliases undone."""
        first, dot, rest = _dotted(node).partition(".")
        return self.imported.get(first, first) + dot + rest

    def init_called(self, node: ast.expr) -> str:
        """Return which of the init functions a call's function is, or an empty string."""
        name = self.full_name(node).removesuffix(".aio")
        return next((each for each in _CALLS if name == f"flyte.{each}"), "")

    def value(self, node: ast.expr) -> str | Path | None:
        """Return the path or the text that `node` stands for, or None."""
        try:
            return self._value(node)
        except (_UnknownFormError, IndexError, TypeError, ValueError, OSError):
            return None

    def _value(self, node: ast.expr) -> str | Path:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.Attribute(value=owner, attr="parent"):
                return self._path(owner).parent
            case ast.Subscript(value=ast.Attribute(value=owner, attr="parents"), slice=ast.Constant(value=int(index))):
                return self._path(owner).parents[index]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(left, right)
            case ast.Call(func=function, args=arguments):
                return self._called(function, arguments)
        raise _UnknownFormError

    def _called(self, function: ast.expr, arguments: list[ast.expr]) -> str | Path:
        known = _FUNCTIONS.get(self.full_name(function))
        if known is not None:
            return known(*(self._value(each) for each in arguments))
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            return _METHODS[function.attr](self._path(function.value), *(self._value(each) for each in arguments))
        raise _UnknownFormError

    def _joined(self, left: ast.expr, right: ast.expr) -> Path:
        first, second = self._value(left), self._value(right)
        if isinstance(first, str) and isinstance(second, str):
            raise _UnknownFormError
        return Path(first) / second

    def _path(self, node: ast.expr) -> Path:
        value = self._value(node)
        if not isinstance(value, Path):
            raise _UnknownFormError
        return value


class _UnknownFormError(Exception):
    """An expression that is not one of the known forms."""
