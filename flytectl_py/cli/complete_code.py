"""The tasks, inputs and environments of Python files, for completion: from their syntax trees, nothing is imported."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

_LARGEST_TREE = 1 << 20
"""Bytes of a file past which only lines are looked at: to parse it would keep the person waiting."""
_LARGEST = 16 << 20
_MOST_FILES = 200
_DEEP = 4
"""How many modules a name is followed through."""
_TASK_LINES = re.compile(
    rb"^[ \t]*@([\w.]+)\.task\b.*\n"
    rb"(?:[ \t]*[@)#\]].*\n|[ \t]+[^\s@)#\]].*\n){0,40}?"  # the rest of the decorator, and others
    rb"[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)",
    re.MULTILINE,
)
_ENUMS = ("Enum", "StrEnum", "IntEnum", "Flag", "IntFlag")
_PATHS = ("File", "Dir", "Path")


class InputFound(NamedTuple):
    """An input of a task; `values` are those that it takes, where they can be listed."""

    name: str
    annotation: str
    is_flag: bool = False
    is_path: bool = False
    values: tuple[str, ...] = ()


class TaskFound(NamedTuple):
    """A task; `environment` is empty where the file does not say it."""

    name: str
    environment: str
    about: str
    inputs: tuple[InputFound, ...]


class _Source(NamedTuple):
    """A file's statements, those in the branches of ``if``, ``try`` and ``with`` included."""

    path: str
    statements: list[ast.stmt]

    def assigned(self, name: str) -> ast.expr | None:
        for each in self.statements:
            if isinstance(each, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in each.targets):
                return each.value
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.target.id == name:
                return each.value
            if each.__class__.__name__ == "TypeAlias" and getattr(each, "name").id == name:  # noqa: B009  Python 3.12
                found: ast.expr = getattr(each, "value")  # noqa: B009
                return found
        return None

    def class_of(self, name: str) -> ast.ClassDef | None:
        return next((each for each in self.statements if isinstance(each, ast.ClassDef) and each.name == name), None)

    def imported(self, name: str) -> tuple[_Source, str] | None:
        """Return the file that a name is imported from, and its name there."""
        for each in self.statements:
            if isinstance(each, ast.ImportFrom):
                for alias in each.names:
                    if (alias.asname or alias.name) == name:
                        found = _module_file(self.path, each.module or "", each.level)
                        source = _read(found) if found else None
                        return (source, alias.name) if source else None
        return None


def tasks_of(target: str) -> list[TaskFound]:
    """Return the tasks of a file, or of all Python files in a folder."""
    return [task for path in _files(target) for task in _tasks_in(path)]


def environments_of(target: str) -> list[str]:
    """Return the names of the environments that a file declares, or all Python files in a folder."""
    found = []
    for path in _files(target):
        source = _read(path)
        for each in source.statements if source else ():
            name = _environment_name(each.value) if isinstance(each, ast.Assign | ast.AnnAssign) else ""
            found += [name] if name else []
    return found


def _files(target: str) -> Iterator[str]:
    if not os.path.isdir(target):
        yield target
        return
    left = _MOST_FILES
    for folder, inner, names in os.walk(target):
        inner[:] = sorted(
            each for each in inner
            if not each.startswith((".", "__")) and each != "node_modules"
            and not os.path.exists(os.path.join(folder, each, "pyvenv.cfg"))
        )  # fmt: skip
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(folder, name)
                left -= 1
                if not left:
                    return


def _bytes(path: str) -> bytes:
    try:
        # A pipe would wait for a writer; a device has no end.
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return b""
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _read(path: str) -> _Source | None:
    """Return the statements of a file, or None if it cannot be parsed."""
    text = _bytes(path)
    if not text or len(text) > _LARGEST_TREE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return _Source(path, list(_flat(tree.body)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _flat(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for each in statements:
        yield each
        if isinstance(each, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _flat(getattr(each, part, []))
            for handler in getattr(each, "handlers", []):
                yield from _flat(handler.body)


def _tasks_in(path: str) -> list[TaskFound]:
    source = _read(path)
    if source is None:
        # While it is being written a file is often no Python; and a very large one would take long.
        lines = _TASK_LINES.findall(_bytes(path)) if path.endswith(".py") else []
        return [TaskFound(name.decode(errors="replace"), "", "", ()) for _, name in lines]
    found = []
    for each in source.statements:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            environment = next(filter(None, map(_environment_variable, each.decorator_list)), None)
            if environment is not None:
                name = _environment_name(_followed(source, environment))
                about = (ast.get_docstring(each) or "").strip().partition("\n")[0]
                found.append(TaskFound(each.name, name, about, tuple(_inputs(each, source))))
    return found


def _environment_variable(decorator: ast.expr) -> ast.expr | None:
    """Return what stands before ``.task`` in a decorator."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.value if isinstance(called, ast.Attribute) and called.attr == "task" else None


def _environment_name(made: ast.expr | None) -> str:
    """Return the name that an environment is made with, or an empty text for anything else."""
    if not isinstance(made, ast.Call) or not _last(made.func).endswith(("Environment", "clone_with")):
        return ""
    given = [each.value for each in made.keywords if each.arg == "name"] or made.args[:1]
    return str(given[0].value) if given and isinstance(given[0], ast.Constant) else ""


def _followed(source: _Source, name: ast.expr, deep: int = _DEEP) -> ast.expr | None:
    """Return what a variable is set to, also in the module that it is imported from."""
    if not isinstance(name, ast.Name) or not deep:
        return None
    value = source.assigned(name.id)
    if value is not None:
        return value
    there = source.imported(name.id)
    return _followed(there[0], ast.Name(there[1]), deep - 1) if there else None


def _last(node: ast.expr) -> str:
    """Return the last name of ``a.b.c``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _inputs(function: ast.FunctionDef | ast.AsyncFunctionDef, source: _Source) -> Iterator[InputFound]:
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        annotation = each.annotation
        shown = "" if annotation is None else ast.unparse(annotation)
        yield InputFound(each.arg, shown)._replace(**_takes(annotation, source, _DEEP))


def _takes(node: ast.expr | None, source: _Source, deep: int) -> dict[str, Any]:
    """Return the fields of `InputFound` that follow from an annotation."""
    if node is None or not deep:
        return {}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _takes(ast.parse(node.value, mode="eval").body, source, deep - 1)
        except (SyntaxError, ValueError):
            return {}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        both = [side for side in (node.left, node.right) if not (isinstance(side, ast.Constant) and side.value is None)]
        return _takes(both[0], source, deep) if len(both) == 1 else {}
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if _last(node.value) == "Literal":
            return {"values": tuple(str(each.value) for each in inner if isinstance(each, ast.Constant))}
        return _takes(inner[0], source, deep) if _last(node.value) in ("Optional", "Annotated") else {}
    name = _last(node)
    if name == "bool":
        return {"is_flag": True}
    if isinstance(node, ast.Name):
        made = source.class_of(name)
        if made is not None:
            return {"values": _members(made)}
        value = source.assigned(name)
        if value is not None:
            return _takes(value, source, deep - 1)
        there = source.imported(name)
        if there is not None:
            return _takes(ast.Name(there[1]), there[0], deep - 1)
    return {"is_path": name in _PATHS}


def _members(made: ast.ClassDef) -> tuple[str, ...]:
    """Return the names of the members of an enumeration."""
    if not any(_last(base) in _ENUMS for base in made.bases):
        return ()
    targets = [to for each in made.body if isinstance(each, ast.Assign) for to in each.targets]
    return tuple(to.id for to in targets if isinstance(to, ast.Name) and not to.id.startswith("_"))


def _module_file(importer: str, module: str, level: int) -> str:
    """Return the file of a module of the user's own, as the folders around the one that imports it show it."""
    parts = [each for each in module.split(".") if each]
    folder = os.path.dirname(os.path.abspath(importer))
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    for _ in range(1 if level else 6):
        path = os.path.join(folder, *parts)
        for file in (f"{path}.py", os.path.join(path, "__init__.py")):
            if os.path.isfile(file):
                return file
        folder = os.path.dirname(folder)
    return ""
