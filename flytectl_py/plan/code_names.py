"""The names that a piece of code takes from its surroundings, in the order of its text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple


class Source(NamedTuple):
    """A module as an import statement names it; `level` is the number of leading dots."""

    module: str
    level: int = 0


class Use(NamedTuple):
    """A name that is not local, with the attributes that are taken from it at once: ``a.b.c``.

    :param source: the module in which the path begins; None for a name of the module that the code is in. An empty path
        is the module itself.
    :param for_effect: the module is imported, and nothing says what for.
    """

    path: tuple[str, ...]
    source: Source | None = None
    for_effect: bool = False


def uses_of(node: ast.AST | Iterable[ast.AST]) -> tuple[Use, ...]:
    """Return what `node` uses of its module and of others, each once.

    Names in quotes count where an annotation stands; ``importlib.import_module("name")`` and ``__import__("name")``
    with a literal name count as imports of the whole module.
    """
    walker = _Walker()
    for each in [node] if isinstance(node, ast.AST) else node:
        walker.walk(each)
    return tuple(dict.fromkeys(walker.found))


def bound_names(body: Iterable[ast.AST]) -> tuple[set[str], dict[str, list[Use]]]:
    """Return the names that statements bind in their own scope, and those of them that imports bind, with the uses
    that they are short for."""
    names: set[str] = set()
    imported: dict[str, list[Use]] = {}
    for node in _in_scope(body):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name)):
                names.add(name)
            case ast.Import() | ast.ImportFrom():
                for name, use in imports_of(node):
                    names.add(name)
                    imported.setdefault(name, []).append(use)
    return names, imported


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Use]]:
    """Yield the names that an import binds, and what each stands for; of ``*`` nobody knows the names."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, Use((), Source(alias.name))) if alias.asname else (top, Use((), Source(top)))
        return
    for alias in node.names:
        if alias.name != "*":
            yield alias.asname or alias.name, Use((alias.name,), Source(node.module or "", node.level))


_CHANGES = frozenset(
    {"add", "append", "appendleft", "extend", "insert", "put", "register", "setdefault", "update", "__setitem__"}
)


def changed_names(node: ast.AST) -> tuple[str, ...]:
    """Return the names of objects that the code of `node` seems to write into: ``NAMES[key] = x``, ``NAMES.append(x)``.

    Local names are not told from others.
    """
    found: list[str] = []
    for each in ast.walk(node):
        match each:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                found.append(root_name(each))
            case ast.Call(func=ast.Attribute(attr=method) as called) if method in _CHANGES:
                found.append(root_name(called))
            case ast.Global(names=names):
                found += names
    return tuple(dict.fromkeys(name for name in found if name))


def root_name(node: ast.expr) -> str:
    """Return the name at the start of ``a.b[c](d).e``, or an empty text."""
    while not isinstance(node, ast.Name):
        inner = getattr(node, "func", None) or getattr(node, "value", None)
        if not isinstance(inner, ast.expr):
            return ""
        node = inner
    return node.id


def imports_in(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that happen with `statement`, also those inside its blocks."""
    for node in _in_scope([statement]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


class _Scope:
    """The names of one function, lambda or comprehension."""

    def __init__(self, names: set[str], imported: dict[str, list[Use]], outer: set[str]) -> None:
        self.names = names - outer
        self.imported = imported
        self.outer = outer


class _Walker:
    """Notes what is used and is no name of a function around it. Names of a class body count as the module's too."""

    def __init__(self) -> None:
        self.found: list[Use] = []
        self._scopes: list[_Scope] = []

    def walk(self, node: ast.AST) -> None:
        """Note the uses in `node`."""
        # Without recursion where nothing is to be known of a node: sums and elifs may be very deep.
        waiting = [node]
        while waiting:
            each = waiting.pop()
            handler = _HANDLERS.get(type(each))
            if handler is None:
                waiting.extend(reversed(list(ast.iter_child_nodes(each))))
            else:
                handler(self, each)

    # -- names

    def _name(self, node: ast.Name) -> None:
        self._note((node.id,))

    def _attribute(self, node: ast.Attribute) -> None:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            path.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._note((inner.id, *reversed(path)))
        else:
            self.walk(inner)

    def _global(self, node: ast.Global) -> None:
        for name in node.names:
            self._note((name,))

    def _note(self, path: tuple[str, ...]) -> None:
        for scope in reversed(self._scopes):
            if path[0] in scope.outer:
                break
            if path[0] in scope.names:
                for use in scope.imported.get(path[0], ()):
                    self.found.append(use._replace(path=(*use.path, *path[1:])))
                return
        self.found.append(Use(path))

    def _import(self, node: ast.Import) -> None:
        self.found += [Use((), Source(alias.name), for_effect=True) for alias in node.names]

    def _import_from(self, node: ast.ImportFrom) -> None:
        source = Source(node.module or "", node.level)
        self.found.append(Use((), source, for_effect=True))
        if any(alias.name == "*" for alias in node.names):
            self.found.append(Use((), source))

    def _call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else None
        if name in ("import_module", "__import__") and isinstance(first, ast.Constant) and isinstance(first.value, str):
            bare = first.value.lstrip(".")
            self.found.append(Use((), Source(bare, len(first.value) - len(bare))))
        self._each(ast.iter_child_nodes(node))

    # -- scopes

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._each(node.decorator_list)
        self._arguments(node.args)
        with_types = {each.name for each in getattr(node, "type_params", ())}
        self._scopes.append(_Scope(with_types, {}, set()))
        for argument in _all_arguments(node.args):
            self._annotation(argument.annotation)
        self._annotation(node.returns)
        self._inside(node.body, _all_arguments(node.args))
        self._scopes.pop()

    def _lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        self._inside([node.body], _all_arguments(node.args))

    def _class(self, node: ast.ClassDef) -> None:
        self._each(node.decorator_list)
        self._scopes.append(_Scope({each.name for each in getattr(node, "type_params", ())}, {}, set()))
        self._each([*node.bases, *node.keywords, *node.body])
        self._scopes.pop()

    def _annotated(self, node: ast.AnnAssign) -> None:
        self.walk(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self.walk(node.value)

    def _comprehension(self, node: Any) -> None:
        first, *rest = node.generators
        self.walk(first.iter)
        names, _ = bound_names([each.target for each in node.generators])
        self._scopes.append(_Scope(names, {}, set()))
        self._each(first.ifs)
        for each in rest:
            self._each([each.iter, *each.ifs])
        self._each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._scopes.pop()

    def _each(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.walk(node)

    def _arguments(self, arguments: ast.arguments) -> None:
        self._each([*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)])

    def _inside(self, body: Iterable[ast.AST], arguments: Iterable[ast.arg]) -> None:
        nodes = list(body)
        names, imported = bound_names(nodes)
        outer = {name for node in _in_scope(nodes) if isinstance(node, ast.Global) for name in node.names}
        unbound = {name for node in _in_scope(nodes) if isinstance(node, ast.Nonlocal) for name in node.names}
        own = (names - unbound) | {each.arg for each in arguments}
        self._scopes.append(_Scope(own, imported, outer))
        self._each(nodes)
        self._scopes.pop()

    def _annotation(self, node: ast.expr | None) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return
        if node is not None:
            self.walk(node)


_HANDLERS: dict[type[ast.AST], Callable[[_Walker, Any], None]] = {
    ast.Name: _Walker._name,
    ast.Attribute: _Walker._attribute,
    ast.Global: _Walker._global,
    ast.Import: _Walker._import,
    ast.ImportFrom: _Walker._import_from,
    ast.Call: _Walker._call,
    ast.FunctionDef: _Walker._function,
    ast.AsyncFunctionDef: _Walker._function,
    ast.Lambda: _Walker._lambda,
    ast.ClassDef: _Walker._class,
    ast.AnnAssign: _Walker._annotated,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _Walker._comprehension),
}


def _all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


_OWN_SCOPE = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


def _in_scope(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and what is inside them, not what is in a scope of its own; a ``:=`` in a comprehension is ours."""
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _OWN_SCOPE):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))
        elif isinstance(node, _OWN_SCOPE[4:]):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    yield inner.target
