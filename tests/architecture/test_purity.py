"""The core (model, digest, plan, values) reads no disk, clock, environment, current folder, network or chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import Module, SourceTree, our_source
from tests.architecture.test_direction import room_of

CORE = {"model", "digest", "plan", "values"}

# Modules whose use is reading or changing the world.
WORLDLY = {
    "ctypes", "fileinput", "getpass", "glob", "http", "importlib.metadata", "importlib.resources", "linecache",
    "locale", "logging", "multiprocessing", "pkgutil", "platform", "pwd", "random", "runpy", "secrets", "select",
    "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tarfile", "tempfile", "time",
    "urllib.request", "webbrowser", "zipfile",
}  # fmt: skip

# Of these only the names listed are pure.
PURE_NAMES = {
    "os": {"PathLike", "fspath", "sep"},
    "os.path": {"basename", "commonpath", "dirname", "isabs", "join", "normpath", "split", "splitext"},
    "sys": {
        "_getframe",
        "byteorder",
        "float_info",
        "get_int_max_str_digits",
        "intern",
        "maxsize",
        "modules",
        "version_info",
    },
}

IMPURE_NAMES = {
    "asyncio.run", "codecs.open", "inspect.findsource", "inspect.getsource", "inspect.getsourcelines", "io.open",
    "uuid.getnode", "uuid.uuid1", "uuid.uuid4",
}  # fmt: skip
IMPURE_BUILTINS = {"breakpoint", "exec", "input", "open", "print"}

# Methods that touch the disk or ask the clock, whatever they are called on: a syntax tree does not know a Path.
IMPURE_METHODS = {
    "absolute", "chmod", "cwd", "exists", "expanduser", "glob", "home", "is_dir", "is_file", "is_mount", "is_symlink",
    "iterdir", "lstat", "mkdir", "now", "open", "owner", "read_bytes", "read_text", "readlink", "resolve", "rglob",
    "rmdir", "samefile", "stat", "symlink_to", "today", "touch", "unlink", "utcnow", "write_bytes", "write_text",
}  # fmt: skip

# What the core is handed from outside, by protocol; asking them is how it asks.
HANDED_IN = {"probe", "sources", "_sources", "world"}

# (module, what it uses) -> why that is right.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def worldly_uses(module: Module, tree: SourceTree) -> list[tuple[str, int]]:
    """Return what `module` takes from the world by itself, each with its line."""
    found = [(i.target, i.line) for i in tree.imports(module) if _is_worldly(i.target)]
    names = _imported_names(module.tree)
    for node in ast.walk(module.tree):
        found.extend((use, node.lineno) for use in _uses(node, names))  # type: ignore[attr-defined]  # all used have one
    return sorted(set(found), key=lambda use: (use[1], use[0]))


def impure(tree: SourceTree, exceptions: dict[tuple[str, str], str]) -> list[str]:
    """Return one line for each impure use in the core, and for each exception that nothing needs any more."""
    lines = []
    unused = set(exceptions)
    for module in tree:
        if room_of(module.name) not in CORE:
            continue
        for use, line in worldly_uses(module, tree):
            unused.discard((module.name, use))
            if (module.name, use) not in exceptions:
                lines.append(f"{module.at(line)}: {use}")
    return lines + [f"{name} no longer uses {use}: drop the exception" for name, use in sorted(unused)]


def _is_worldly(target: str) -> bool:
    parts = target.split(".")
    return any(".".join(parts[:n]) in WORLDLY for n in range(1, len(parts) + 1))


def _imported_names(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _uses(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        full = names.get(node.id, "")
        if full and _is_impure_name(full):
            yield full
    elif isinstance(node, ast.Attribute):
        full = _full_name(node, names)
        if full and _is_impure_name(full):
            yield full
    elif isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name) and called.id in IMPURE_BUILTINS and called.id not in names:
            yield f"{called.id}()"
        if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS and _last_name(called) not in HANDED_IN:
            yield f".{called.attr}()"


def _is_impure_name(full: str) -> bool:
    module, _, name = full.rpartition(".")
    if module in PURE_NAMES and full not in PURE_NAMES:
        return name not in PURE_NAMES[module]
    return full in IMPURE_NAMES


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        outer = _full_name(node.value, names)
        return f"{outer}.{node.attr}" if outer else ""
    return ""


def _last_name(called: ast.Attribute) -> str:
    receiver = called.value
    return receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")


def test_the_core_takes_nothing_from_the_world() -> None:
    assert impure(our_source(), EXCEPTIONS) == []


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("import os\nx = os.environ['A']", "os.environ"),
        ("from os import environ\nx = environ['A']", "os.environ"),
        ("import os as o\ndef f():\n    return o.getenv('A')", "os.getenv"),
        ("import os\nos.scandir('.')", "os.scandir"),
        ("import os.path\nos.path.exists('x')", "os.path.exists"),
        ("import os\nos.getcwd()", "os.getcwd"),
        ("open('x')", "open()"),
        ("def f(path):\n    return path.read_text()", ".read_text()"),
        ("from pathlib import Path\nPath.cwd()", ".cwd()"),
        ("def f(path):\n    return path.parent.is_file()", ".is_file()"),
        ("def f():\n    import time\n    return time.monotonic()", "time"),
        ("from datetime import datetime\ndatetime.now()", ".now()"),
        ("import datetime\ndatetime.date.today()", ".today()"),
        ("import random", "random"),
        ("import subprocess", "subprocess"),
        ("import urllib.request", "urllib.request"),
        ("import sys\nsys.path.insert(0, '')", "sys.path"),
        ("import sys\nsys.argv", "sys.argv"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
        ("import inspect\ninspect.getsource(f)", "inspect.getsource"),
        ("print('x')", "print()"),
    ],
)
@pytest.mark.parametrize("room", sorted(CORE))
def test_an_impure_use_is_caught(room: str, text: str, use: str) -> None:
    file = f"flytectl_py/{room}/x.py"
    found = impure(SourceTree({file: text}), {})
    assert [line.rpartition(": ")[2] for line in found if ".exists()" not in line] == [use]
    assert impure(SourceTree({"flytectl_py/project/x.py": text}), {}) == []


def test_what_is_handed_in_may_be_asked() -> None:
    text = """
import os.path, sys
from pathlib import PurePosixPath
def validate(self, world, path):
    return world.is_file(path), self.world.now(), os.path.join("a", "b"), sys.version_info, "a".replace("a", "b")
"""
    assert impure(SourceTree({"flytectl_py/model/x.py": text}), {}) == []


def test_an_exception_lets_one_use_pass_and_is_dropped_with_it() -> None:
    exceptions = {("flytectl_py.model.x", "os.environ"): "a reason"}
    used = SourceTree({"flytectl_py/model/x.py": "import os\nos.environ\nos.getcwd()"})
    assert impure(used, exceptions) == ["flytectl_py/model/x.py:3: os.getcwd"]
    unused = SourceTree({"flytectl_py/model/x.py": ""})
    assert impure(unused, exceptions) == ["flytectl_py.model.x no longer uses os.environ: drop the exception"]
