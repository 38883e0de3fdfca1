"""Declarations of tasks and environments in code, told from code that the outputs depend on."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass

from flytectl_py.plan.code_names import Use
from flytectl_py.project.code_files import CodeFiles, Statement

_MAKES_ENVIRONMENT = ("TaskEnvironment", "clone_with")
_DECLARES = ("add_dependency", "add_task")
_MATTERS = ("image", "env_vars")
"""What of an environment changes what its tasks return, besides their code."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What matters of an environment, which a statement makes."""

    file: str
    number: int


def without_task_decorators(statement: ast.stmt, file: str, files: CodeFiles) -> tuple[ast.stmt, list[Settings]]:
    """Return a statement without the decorators that make a task of it, and the environments of those.

    Retries, cache, timeouts and the like are not what a function returns.
    """
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) or not statement.decorator_list:
        return statement, []
    kept: list[ast.expr] = []
    environments: list[Settings] = []
    for decorator in statement.decorator_list:
        found = environment_of(decorator, file, files)
        if found is not None:
            environments.append(found)
        elif not is_task(decorator, file, files):
            kept.append(decorator)
    if len(kept) == len(statement.decorator_list):
        return statement, []
    bare = copy.copy(statement)
    bare.decorator_list = kept
    return bare, environments


def is_task(decorator: ast.expr, file: str, files: CodeFiles) -> bool:
    """Whether a decorator makes a task, in an environment (`environment_of`) or without one, ``@flyte.task``."""
    if environment_of(decorator, file, files) is not None:
        return True
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = _path(called)
    return path is not None and "flyte.task" in files.follow(file, Use(path))


def environment_of(decorator: ast.expr, file: str, files: CodeFiles) -> Settings | None:
    """Return the environment of a decorator ``@env.task`` or ``@env.task(…)``; None for any other."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(called, ast.Attribute) or called.attr != "task":
        return None
    return _environment(called.value, file, files)


def settings_of(node: Settings, files: CodeFiles) -> tuple[list[ast.expr], list[Settings]]:
    """Return the expressions that matter of an environment, and the environment that it is a clone of, if any."""
    call = _making_call(node, files)
    if call is None:
        return [], []
    bases = []
    if isinstance(call.func, ast.Attribute) and call.func.attr == "clone_with":
        base = _environment(call.func.value, node.file, files)
        bases = [] if base is None or base == node else [base]
    return [each.value for each in call.keywords if each.arg in _MATTERS or each.arg is None], bases


def is_declaring(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but declare: an environment, ``env.add_dependency(…)``, ``flyte.init()``."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return _makes_environment(statement.value)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Await):
        call = call.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in _DECLARES or (isinstance(call.func.value, ast.Name) and call.func.value.id == "flyte")


def _environment(expression: ast.expr, file: str, files: CodeFiles) -> Settings | None:
    path = _path(expression)
    for target in files.follow(file, Use(path)) if path else ():
        if isinstance(target, Statement):
            found = Settings(target.file, target.number)
            if _making_call(found, files) is not None:
                return found
    return None


def _path(expression: ast.expr) -> tuple[str, ...] | None:
    """Return the names of ``a.b.c``, or None for any other expression."""
    path: list[str] = []
    while isinstance(expression, ast.Attribute):
        path.append(expression.attr)
        expression = expression.value
    return (expression.id, *reversed(path)) if isinstance(expression, ast.Name) else None


def _making_call(node: Settings, files: CodeFiles) -> ast.Call | None:
    code = files.code(node.file)
    statement = None if code is None else code.statements[node.number]
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return value if isinstance(value, ast.Call) and _makes_environment(value) else None


def _makes_environment(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return name in _MAKES_ENVIRONMENT
