"""The text of a module as the statements that bind its names, those that do something else, and its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flytectl_py.plan.code_names import Source, Use, bound_names, imports_in

_BLOCKS = (ast.If, ast.For, ast.While, ast.Try, ast.TryStar, ast.With, ast.Match)


@dataclass
class ModuleCode:
    """One module, read and not run. Statements go by number, in the order of the text.

    :param bindings: the statements that bind a name. :param imported: what a name stands for that an import binds.
    :param effects: the statements that do more than bind names: calls, and what they write into other objects.
    :param stars: modules of which everything is taken.
    :param for_effect: modules that are imported and never named again.
    """

    statements: list[ast.stmt] = field(default_factory=list)
    bindings: dict[str, list[int]] = field(default_factory=dict)
    imported: dict[str, list[Use]] = field(default_factory=dict)
    effects: list[int] = field(default_factory=list)
    stars: list[Source] = field(default_factory=list)
    for_effect: list[Source] = field(default_factory=list)

    def statement_at(self, line: int) -> int | None:
        """Return the statement that makes the function at a line, decorators included; None where there is nothing."""
        found = [number for number, statement in enumerate(self.statements) if _covers(statement, line)]
        making = [number for number in found if len(found) > 1 and _makes_function(self.statements[number])]
        return next(iter(making or found), None)


def read_module(text: bytes) -> ModuleCode:
    """Return a module by its text alone.

    What is only for type checkers, and what only happens when the file is the program, is left out.

    :raises SyntaxError, ValueError: the text is not Python.
    """
    tree = ast.parse(text)
    module = ModuleCode()
    for statement in _flat(tree.body):
        number = len(module.statements)
        module.statements.append(statement)
        names, imported = bound_names([statement])
        for name, uses in imported.items():
            module.imported.setdefault(name, []).extend(uses)
        module.stars += _stars(statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for name in names:
            module.bindings.setdefault(name, []).append(number)
        if _has_effect(statement):
            module.effects.append(number)
    _find_unnamed(module, tree)
    return module


def _covers(statement: ast.stmt, line: int) -> bool:
    first = (getattr(statement, "decorator_list", None) or [statement])[0]
    return bool(min(first.lineno, statement.lineno) <= line <= (statement.end_lineno or statement.lineno))


def _makes_function(statement: ast.stmt) -> bool:
    return any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for each in ast.walk(statement))


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        condition = _condition(statement) if isinstance(statement, ast.If) else ""
        if isinstance(statement, ast.If) and condition in ("typing", "main"):
            yield from _flat(statement.orelse)
        else:
            yield statement


def _condition(statement: ast.If) -> str:
    test = statement.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    if name == "TYPE_CHECKING":
        return "typing"
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        sides = [getattr(each, "id", getattr(each, "value", None)) for each in (test.left, test.comparators[0])]
        return "main" if "__name__" in sides and "__main__" in sides else ""
    return ""


def _stars(statement: ast.stmt) -> Iterator[Source]:
    for each in imports_in(statement):
        if isinstance(each, ast.ImportFrom) and any(alias.name == "*" for alias in each.names):
            yield Source(each.module or "", each.level)


def _has_effect(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=value):
            return not isinstance(value, ast.Constant)
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return any(_is_elsewhere(target) for target in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _is_elsewhere(target)
    return (
        isinstance(statement, _BLOCKS)
        and any(_has_effect(inner) for inner in ast.iter_child_nodes(statement) if isinstance(inner, ast.stmt))
    ) or any(
        _has_effect(inner)
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ()))
        for inner in part.body
    )


def _is_elsewhere(target: ast.expr) -> bool:
    """Whether writing to `target` changes an object instead of binding a name."""
    return any(isinstance(each, ast.Attribute | ast.Subscript) for each in ast.walk(target))


def _find_unnamed(module: ModuleCode, tree: ast.Module) -> None:
    """Note the modules that are imported at load time and whose names stand nowhere else in the text."""
    named = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    for statement in (each for top in module.statements for each in imports_in(top)):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if (alias.asname or alias.name.partition(".")[0]) not in named:
                    module.for_effect.append(Source(alias.name))
        else:
            names = {alias.asname or alias.name for alias in statement.names}
            if "*" not in names and not names & named:
                module.for_effect.append(Source(statement.module or "", statement.level))
