"""The source as the architecture tests see it: modules, parsed, and who imports whom, where."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("flytectl_py", "flyte")


@dataclass(frozen=True)
class Import:
    """One import. `target` is a dotted module name; `late` says that it stands inside a function."""

    target: str
    line: int
    late: bool


@dataclass(frozen=True)
class Module:
    """One file. `name` is dotted, `file` relative to the repository."""

    name: str
    file: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.file)

    @property
    def package(self) -> str:
        return self.name if self.file.endswith("__init__.py") else self.name.rpartition(".")[0]

    def at(self, line: int) -> str:
        return f"{self.file}:{line}"


class SourceTree:
    """All modules by name. Self-tests give it a made-up tree as a dict of path to text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        modules = [Module(_dotted(file), file, text) for file, text in sorted(files.items())]
        self.modules = {module.name: module for module in modules}

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules.values())

    def imports(self, module: Module) -> list[Import]:
        """Return what `module` imports, inside functions too; what stands under ``if TYPE_CHECKING`` is left out."""
        return [
            Import(target, line, late)
            for node, late in _running_nodes(module.tree, late=False)
            for target, line in self._targets(module, node)
        ]

    def _targets(self, module: Module, node: ast.AST) -> Iterator[tuple[str, int]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                yield (inner if inner in self.modules else origin), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, node.lineno


def our_source() -> SourceTree:
    """Read the packages of this repository."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return SourceTree({file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files})


def _dotted(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.package.split(".")
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _running_nodes(node: ast.AST, *, late: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield other, late
                yield from _running_nodes(other, late=late)
            continue
        yield child, late
        inside = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _running_nodes(child, late=inside)
