"""Definitions that nobody names, and that reach the code which runs by being entered somewhere: plugins, subclasses."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator

from flytectl_py.plan.code_names import Use, changed_names
from flytectl_py.project.code_files import CodeFiles, Statement
from flytectl_py.project.code_tasks import is_task

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def registered(files: CodeFiles, met: Iterable[str], reached: Container[object]) -> list[Statement]:
    """Return the definitions in the files `met` that were not reached by name, and that something reached may know.

    Those are functions and classes with a decorator that writes into a reached object, or is a method of one; and
    subclasses of a reached class which is told of its subclasses.
    """
    found = []
    for file in met:
        code = files.code(file)
        for number, statement in enumerate(code.statements if code else ()):
            node = Statement(file, number)
            if isinstance(statement, _Definition) and node not in reached and _enters(files, file, statement, reached):
                found.append(node)
    return found


def _enters(files: CodeFiles, file: str, definition: _Definition, reached: Container[object]) -> bool:
    for decorator in definition.decorator_list:
        if not is_task(decorator, file, files):
            for target, statement in _statements(files, file, decorator):
                if target in reached and not isinstance(statement, _Definition):
                    return True
                if _writes_into(files, target, statement, reached):
                    return True
    for base in definition.bases if isinstance(definition, ast.ClassDef) else ():
        for target, statement in _statements(files, file, base):
            if target in reached and isinstance(statement, ast.ClassDef) and _hears_of_subclasses(statement):
                return True
    return False


def _statements(files: CodeFiles, file: str, expression: ast.expr) -> Iterator[tuple[Statement, ast.stmt]]:
    """Yield what the name at the start of an expression stands for."""
    path: list[str] = []
    while not isinstance(expression, ast.Name):
        if isinstance(expression, ast.Attribute):
            path.append(expression.attr)
        else:
            path.clear()  # What is called or looked up is what comes before.
        inner = getattr(expression, "func", None) or getattr(expression, "value", None)
        if not isinstance(inner, ast.expr):
            return
        expression = inner
    for target in files.follow(file, Use((expression.id, *reversed(path)))):
        code = files.code(target.file) if isinstance(target, Statement) else None
        if isinstance(target, Statement) and code is not None:
            yield target, code.statements[target.number]


def _writes_into(files: CodeFiles, target: Statement, statement: ast.stmt, reached: Container[object]) -> bool:
    if not isinstance(statement, _Definition):
        return False
    return any(
        found in reached for name in changed_names(statement) for found in files.follow(target.file, Use((name,)))
    )


def _hears_of_subclasses(statement: ast.ClassDef) -> bool:
    if any(each.arg == "metaclass" for each in statement.keywords):
        return True
    return any(
        (isinstance(each, ast.FunctionDef) and each.name == "__init_subclass__")
        or (isinstance(each, ast.Attribute) and each.attr == "__subclasses__")
        for each in ast.walk(statement)
    )
