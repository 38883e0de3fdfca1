"""What of the user's own code a function reaches: definitions, constants, modules, in any of the user's files."""

from __future__ import annotations

import ast
import inspect
import os
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flytectl_py.digest.code_closure import Piece, closure_version
from flytectl_py.digest.framing import encode
from flytectl_py.digest.syntax import encode_tree
from flytectl_py.errors import UsageError
from flytectl_py.model.environment import Environment
from flytectl_py.plan.code_names import Use, uses_of
from flytectl_py.project.code_files import CodeFiles, Effects, Statement, Whole
from flytectl_py.project.code_start import function_of, held_by, start_of, typed_in, value_text
from flytectl_py.project.code_tasks import Settings, is_declaring, settings_of, without_task_decorators

_LABEL = 60

Node = Statement | Whole | Effects | Settings | types.FunctionType | type
References = list[tuple[str, int | str]]


@dataclass(frozen=True)
class Closure:
    """The pieces of code that a function reaches, the function's own first."""

    pieces: tuple[Piece, ...]

    @property
    def version(self) -> str:
        """SHA-256 over all of it, 64 hex digits."""
        return closure_version(self.pieces)


def code_closure(function: Callable[..., Any]) -> Closure:
    """Return the user's own code that `function` reaches, as the text of the files has it; nothing is run.

    It follows names: of functions, classes, constants and modules, in decorators, defaults, annotations and bodies, by
    imports of any form into other files; and what the modules on the way do when they are loaded, unless they only bind
    names. What closures hold counts by value. What is looked up by a text (``getattr``, ``importlib``) it cannot see,
    nor what code reads from files, the environment or a network; other people's packages count by name.

    :raises UsageError: the function has no text, or a file cannot be read.
    """
    reach = _Reach(start_of(function))
    reach.walk()
    return Closure(tuple(reach.pieces))


class _Reach:
    """A walk over code, breadth first, so that the numbers of its pieces follow from the code alone."""

    def __init__(self, start: types.FunctionType) -> None:
        self.pieces: list[Piece] = []
        self._files = CodeFiles()
        self._numbers: dict[Node, int] = {}
        self._waiting: deque[Node] = deque()
        self._met: dict[str, None] = {}
        self._inert: dict[str, bool] = {}
        self._start = self._statement_of(inspect.unwrap(start))
        self._number(self._node_of(start))

    def walk(self) -> None:
        """Make the pieces of everything that can be reached."""
        from flytectl_py.project.code_registered import registered

        found: References = []
        self._drain()
        while new := registered(self._files, list(self._met), self._numbers):
            found += [("registered", self._number(each)) for each in new]
            self._drain()
        if found:
            self.pieces.append(Piece("registered", encode("registered"), tuple(found)))

    def _drain(self) -> None:
        while self._waiting:
            self.pieces.append(self._piece(self._waiting.popleft()))

    def _number(self, node: Node) -> int:
        if node not in self._numbers:
            self._numbers[node] = len(self._numbers)
            self._waiting.append(node)
        return self._numbers[node]

    def _piece(self, node: Node) -> Piece:
        match node:
            case Statement():
                return self._of_statement(node)
            case Settings():
                return self._of_settings(node)
            case Whole():
                return self._of_module(node)
            case Effects():
                return self._of_effects(node)
            case types.FunctionType():
                return self._of_function(node)
        return self._typed_in(node, vars(sys.modules[node.__module__]), [])

    # -- text

    def _of_statement(self, node: Statement) -> Piece:
        code = self._files.python(node.file)
        statement = code.statements[node.number]
        tree, environments = without_task_decorators(statement, node.file, self._files)
        references = self._references(node.file, uses_of(tree))
        if node != self._start:
            references += [("environment", self._number(each)) for each in environments]
        references += self._effects_of(node.file)
        names = [name for name, numbers in code.bindings.items() if node.number in numbers]
        label = f".{', '.join(names)}" if names else f": {_first_line(statement)}"
        return Piece(f"{self._files.module_name(node.file)}{label}", encode_tree(tree), tuple(references))

    def _of_settings(self, node: Settings) -> Piece:
        trees, bases = settings_of(node, self._files)
        references = self._references(node.file, uses_of(trees))
        references += [("base", self._number(each)) for each in bases]
        label = f"{self._files.module_name(node.file)}: image and variables of an environment"
        return Piece(label, encode([encode_tree(each) for each in trees]), tuple(references))

    def _of_module(self, node: Whole) -> Piece:
        code = self._files.code(node.file)
        label = self._files.module_name(node.file)
        if code is None:
            return Piece(label, encode(self._files.content(node.file)))
        self._meet(node.file)
        references: References = [
            (str(number), self._number(Statement(node.file, number)))
            for number, statement in enumerate(code.statements)
            if not isinstance(statement, ast.Import | ast.ImportFrom) and not is_declaring(statement)
        ]
        return Piece(label, encode("module"), tuple(references))

    def _of_effects(self, node: Effects) -> Piece:
        references: References = [("", self._number(Effects(each))) for each in self._loaded_with(node.file)]
        references += [("", self._number(each)) for each in self._effects_in(node.file)]
        return Piece(f"{self._files.module_name(node.file)}: when it is loaded", encode("effects"), tuple(references))

    def _references(self, file: str, uses: Iterable[Use]) -> References:
        found: References = []
        for use in uses:
            shown = ".".join((*([use.source.module] if use.source else []), *use.path))
            for target in self._files.follow(file, use):
                if isinstance(target, Effects):
                    found += self._effects_of(target.file)
                else:
                    found.append((shown, target if isinstance(target, str) else self._number(target)))
        return list(dict.fromkeys(found))

    # -- what happens when modules are loaded

    def _effects_of(self, file: str) -> References:
        self._meet(file)
        return [] if self._is_inert(file) else [("", self._number(Effects(file)))]

    def _effects_in(self, file: str) -> list[Statement]:
        code = self._files.code(file)
        numbers = [] if code is None else [n for n in code.effects if not is_declaring(code.statements[n])]
        return [Statement(file, number) for number in numbers]

    def _loaded_with(self, file: str) -> list[str]:
        """Return the files that are loaded before or for the effects of a module, and that have some."""
        return [each for each in self._companions(file) if not self._is_inert(each)]

    def _companions(self, file: str) -> list[str]:
        code = self._files.code(file)
        found = [self._files.package_of(file)]
        found += [self._files.file_of(file, source) for source in (code.for_effect if code else ())]
        return list(dict.fromkeys(each for each in found if each is not None and each != file))

    def _is_inert(self, file: str) -> bool:
        if file not in self._inert:
            self._inert[file] = True  # For modules that import each other.
            self._inert[file] = not self._effects_in(file) and not self._loaded_with(file)
        return self._inert[file]

    def _meet(self, file: str) -> None:
        if file not in self._met:
            self._met[file] = None
            for each in self._companions(file):
                self._meet(each)

    # -- objects in memory

    def _statement_of(self, function: types.FunctionType) -> Statement | None:
        """Return the statement of a file that made a function; None where no file did.

        :raises UsageError: the file is another one by now.
        """
        code = function.__code__
        file = os.path.abspath(code.co_filename)
        if not self._files.is_own(file) or not os.path.isfile(file) or not file.endswith(".py"):
            return None
        module = self._files.code(file)
        number = None if module is None else module.statement_at(code.co_firstlineno)
        if number is None:
            raise UsageError(
                f"{function.__qualname__} is not in line {code.co_firstlineno} of {file} any more",
                hint="the file was edited after it was loaded: start again",
                where=file,
            )
        return Statement(file, number)

    def _node_of(self, function: types.FunctionType) -> Node:
        """Return the statement of a function that is all in its text, else the function."""
        statement = self._statement_of(function)
        is_all = statement is not None and "." not in function.__code__.co_qualname
        return statement if is_all and statement and not any(held_by(function)) else function

    def _of_function(self, function: types.FunctionType) -> Piece:
        references: References = [(name, self._held(value)) for name, value in held_by(function)]
        statement = self._statement_of(function)
        label = f"{function.__module__}.{function.__code__.co_qualname}"
        if statement is not None:
            references.append(("text", self._number(statement)))
            return Piece(label, encode(function.__code__.co_qualname), tuple(references))
        file = os.path.abspath(function.__code__.co_filename)
        if os.path.isfile(file) and not self._files.is_own(file):
            return Piece(label, encode(label), tuple(references))
        return self._typed_in(function, function.__globals__, references)

    def _typed_in(self, thing: types.FunctionType | type, namespace: dict[str, Any], known: References) -> Piece:
        statement = typed_in(thing)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            statement.decorator_list = [each for each in statement.decorator_list if not _is_task_of(each, namespace)]
        references = list(known)
        for use in uses_of(statement):
            shown = ".".join(use.path)
            if use.source is not None or use.path[0] not in namespace:
                continue
            value = namespace[use.path[0]]
            file = getattr(value, "__file__", None) if isinstance(value, types.ModuleType) else None
            if isinstance(file, str) and self._files.is_own(file):
                targets = self._files.inside(os.path.abspath(file), use.path[1:])
                references += [(shown, each if isinstance(each, str) else self._number(each)) for each in targets]
            elif value is not thing:
                references.append((shown, self._held(value)))
        return Piece(f"{thing.__module__}.{thing.__qualname__}", encode_tree(statement), tuple(references))

    def _held(self, value: object) -> int | str:
        if isinstance(value, Environment):
            return "environment"
        function = function_of(value)
        if function is not None:
            return self._number(self._node_of(function))
        if isinstance(value, types.ModuleType):
            file = getattr(value, "__file__", None)
            own = isinstance(file, str) and self._files.is_own(file)
            return self._number(Whole(os.path.abspath(str(file)))) if own else value.__name__
        if isinstance(value, type):
            return self._class(value)
        return value_text(value)

    def _class(self, kind: type) -> int | str:
        module = sys.modules.get(kind.__module__)
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and self._files.is_own(os.path.abspath(file)):
            targets = self._files.inside(os.path.abspath(file), (kind.__qualname__.partition(".")[0],))
            statement = next((each for each in targets if isinstance(each, Statement)), None)
            if statement is not None:
                return self._number(statement)
        if file is None and kind.__module__ == "__main__" and inspect.isclass(kind):
            return self._number(kind)
        return f"{kind.__module__}.{kind.__qualname__}"


def _first_line(statement: ast.stmt) -> str:
    try:
        line = ast.unparse(statement).partition("\n")[0]
    except RecursionError:
        return f"line {statement.lineno}"
    return line if len(line) <= _LABEL else f"{line[:_LABEL]}…"


def _is_task_of(decorator: ast.expr, namespace: dict[str, Any]) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(called, ast.Attribute) or called.attr != "task" or not isinstance(called.value, ast.Name):
        return False
    return isinstance(namespace.get(called.value.id), Environment)
