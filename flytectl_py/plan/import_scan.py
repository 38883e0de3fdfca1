"""Finds the imports in the text of a module, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from flytectl_py.plan.imports import Import, When

_CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def scan_imports(text: bytes) -> tuple[Import, ...]:
    """Return the imports of a module by its text alone, in the order of their lines.

    ``importlib.import_module("name")`` and ``__import__("name")`` with a literal name count as imports.

    :raises SyntaxError, ValueError: the text is not Python.
    """
    if b"import" not in text:
        return ()
    tree = ast.parse(text)
    scanner = _Scanner(calls=b"import_module" in text or b"__import__" in text)
    return tuple(sorted(scanner.block(tree.body, "eager"), key=lambda each: each.line))


class _Scanner:
    """Walks statements; expressions only where there are `calls` to find."""

    def __init__(self, *, calls: bool) -> None:
        self.calls = calls

    def block(self, body: Iterable[ast.stmt], when: When) -> Iterator[Import]:
        for statement in body:
            yield from self.statement(statement, when)

    def statement(self, node: ast.stmt, when: When) -> Iterator[Import]:
        match node:
            case ast.Import(names=aliases, lineno=line):
                for alias in aliases:
                    yield Import(alias.name, (), 0, line, when)
            case ast.ImportFrom(module=module, names=aliases, level=level, lineno=line):
                yield Import(module or "", tuple(alias.name for alias in aliases), level, line, when)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._calls((*node.decorator_list, *node.args.defaults), when)
                yield from self.block(node.body, _inner("lazy", when))
            case ast.If():
                yield from self._calls((node.test,), when)
                yield from self.block(node.body, _inner(_condition(node.test), when))
                yield from self.block(node.orelse, when)
            case ast.Try() | ast.TryStar():
                guarded = _inner("optional", when) if any(map(_catches_imports, node.handlers)) else when
                yield from self.block(node.body, guarded)
                for handler in node.handlers:
                    yield from self.block(handler.body, guarded)
                yield from self.block((*node.orelse, *node.finalbody), when)
            case _:
                yield from self._other(node, when)

    def _other(self, node: ast.stmt, when: When) -> Iterator[Import]:
        """Statements that hold others of the same moment: classes, loops, ``with``, ``match``; and plain ones."""
        for part in ("body", "orelse"):
            yield from self.block(getattr(node, part, ()), when)
        for case in getattr(node, "cases", ()):
            yield from self.block(case.body, when)
        if not hasattr(node, "body") and not hasattr(node, "cases"):
            yield from self._calls((node,), when)

    def _calls(self, nodes: Iterable[ast.AST], when: When) -> Iterator[Import]:
        if self.calls:
            for node in nodes:
                yield from self._calls_in(node, when)

    def _calls_in(self, node: ast.AST, when: When) -> Iterator[Import]:
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            first = node.args[0] if len(node.args) == 1 else None
            if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                module = first.value
                if isinstance(module, str) and module and not module.startswith("."):
                    yield Import(module, (), 0, node.lineno, when)
        inner: When = _inner("lazy", when) if isinstance(node, ast.Lambda) else when
        for child in ast.iter_child_nodes(node):
            yield from self._calls_in(child, inner)


_ORDER: tuple[When, ...] = ("eager", "optional", "lazy", "typing", "main")


def _inner(here: When, around: When) -> When:
    """What is inside two of them happens when the later one does."""
    return max(here, around, key=_ORDER.index)


def _condition(test: ast.expr) -> When:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    if name == "TYPE_CHECKING":
        return "typing"
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
        sides = (test.left, test.comparators[0])
        names = {getattr(each, "id", getattr(each, "value", None)) for each in sides}
        if names == {"__name__", "__main__"}:
            return "main"
    return "eager"


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    if caught is None:
        return True
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(getattr(one, "id", getattr(one, "attr", "")) in _CATCHES for one in each)
