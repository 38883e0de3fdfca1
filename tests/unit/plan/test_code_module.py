"""The text of a module as bindings, effects and imports."""

from __future__ import annotations

import ast

import pytest

from flytectl_py.plan.code_module import ModuleCode, read_module
from flytectl_py.plan.code_names import Source, Use


def read(text: str) -> ModuleCode:
    return read_module(text.encode())


def binding(module: ModuleCode, name: str) -> list[str]:
    return [ast.unparse(module.statements[number]) for number in module.bindings.get(name, ())]


def test_every_statement_that_binds_a_name_is_found() -> None:
    module = read(
        "x = 1\ny, *z = x\nx += 1\nif y:\n  x: int = 3\nfor w in z: pass\nwith o as v: pass\ndef f(): u = 1\n"
    )
    assert binding(module, "x") == ["x = 1", "x += 1", "if y:\n    x: int = 3"]
    assert binding(module, "z") == ["y, *z = x"]
    assert [bool(binding(module, name)) for name in "wvfu"] == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("'Doc.'", False),
        ("...", False),
        ("x = f()", False),
        ("x: int", False),
        ("f()", True),
        ("x[0] = 1", True),
        ("x.y += 1", True),
        ("x.y: int = 1", True),
        ("del x[0]", True),
        ("del x", False),
        ("try:\n  import a\nexcept ImportError:\n  a = None", False),
        ("try:\n  import a\nexcept ImportError:\n  f()", True),
        ("for i in x:\n  if i:\n    y[i] = 1", True),
        ("with o:\n  x = 1", False),
        ("match x:\n  case 1:\n    f()", True),
        ("def f():\n  g()", False),
        ("class C:\n  g()", False),
        ("if TYPE_CHECKING:\n  f()", False),
        ("if typing.TYPE_CHECKING:\n  f()\nelse:\n  g()", True),
        ("if __name__ == '__main__':\n  f()", False),
        ("if '__main__' == __name__:\n  f()", False),
        ("if __name__ == 'other':\n  f()", True),
    ],
)
def test_effects(text: str, has: bool) -> None:
    assert bool(read(text).effects) == has


def test_imports() -> None:
    module = read(
        "import a.b\nimport c.d as e\nfrom .f import g as h, i\nfrom j import *\ntry:\n  import k\nfinally: pass\n"
    )
    assert module.imported == {
        "a": [Use((), Source("a"))],
        "e": [Use((), Source("c.d"))],
        "h": [Use(("g",), Source("f", 1))],
        "i": [Use(("i",), Source("f", 1))],
        "k": [Use((), Source("k"))],
    }
    assert module.stars == [Source("j")]


def test_imports_that_nobody_names_are_for_their_effect() -> None:
    module = read("import a\nimport b.c\nfrom d import e, f\nfrom g import h\nfrom i import *\na.x\nf\n")
    assert module.for_effect == [Source("b.c"), Source("g")]


def test_the_statement_at_a_line() -> None:
    module = read("x = 1\n\n@d\n@e\ndef f():\n    return (\n        1\n    )\n")
    assert [module.statement_at(line) for line in range(1, 10)] == [0, None, 1, 1, 1, 1, 1, 1, None]


@pytest.mark.parametrize("text", [b"def", b"x = '\xff'", b"\0"])
def test_what_is_no_python_is_said(text: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        read_module(text)
