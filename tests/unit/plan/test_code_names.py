"""The names that code takes from its surroundings: what is local is not among them."""

from __future__ import annotations

import ast

import pytest

from flytectl_py.plan.code_names import Source, Use, changed_names, root_name, uses_of


def uses(text: str) -> set[str]:
    """Return what is used, as a user would write it."""
    return {shown(each) for each in uses_of(ast.parse(text))}


def shown(use: Use) -> str:
    path = ".".join(use.path)
    if use.source is None:
        return path
    kind = "import" if use.for_effect else "from"
    return f"{kind} {'.' * use.source.level}{use.source.module}" + (f": {path}" if path else "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b.c(d)[e]", "a.b.c d e"),
        ("a(b).c.d", "a b"),
        ("def f(x, *y, z=k, **w): return x, y, z, w, v", "k v"),
        ("def f(x: A, *y: B, z: 'C.D' = 1) -> E: pass", "A B C.D E"),
        ("def f(x: 'not an expression ('): pass", ""),
        ("lambda x, y=k: x + y + z", "k z"),
        ("[x + y for x in xs for y in g(x) if c]", "xs g c"),
        ("[x for x in x]", "x"),
        ("{k: v for k, v in kv}", "kv"),
        ("def f():\n  x = 1\n  def g():\n    nonlocal x\n    x = y\n  return g, x", "y"),
        ("def f():\n  global x\n  x = y", "x y"),
        ("def f():\n  if (n := g()): return n", "g"),
        ("def f(xs):\n  any((last := x) for x in xs)\n  return last", "any"),
        ("def f():\n  try: pass\n  except E as e: return e", "E"),
        ("def f():\n  with o() as a, p() as (b, *c): return a, b, c", "o p"),
        ("def f():\n  for i in r: yield i", "r"),
        ("def f(v):\n  match v:\n    case K(x=y) | [y, *z] | {'k': y, **w} if y: return y, z, w", "K"),
        ("class C(B, metaclass=M):\n  x: A = y\n  def f(self): return self.x, C", "B M x A y C"),
        ("@d(a)\ndef f(): pass", "d a"),
        ("x += y", "x y"),
        ("del x", "x"),
        ("def f():\n  import a.b\n  return a.b.c", "from a: b.c|import a.b"),
        ("def f():\n  import a.b as c\n  return c.d", "from a.b: d|import a.b"),
        ("def f():\n  from ..a import b as c\n  return c.d", "from ..a: b.d|import ..a"),
        ("def f():\n  from a import *", "from a|import a"),
        ("def f():\n  from a import b", "import a"),
        ("import_module('a.b'), __import__('c')", "import_module __import__|from a.b|from c"),
        ("importlib.import_module('.a', p)", "importlib.import_module p|from .a"),
        ("importlib.import_module(name)", "importlib.import_module name"),
        ("async def f():\n  async with a as b:\n    async for c in b: await c", "a"),
    ],
)
def test_uses(text: str, found: str) -> None:
    names, *imports = found.split("|")
    expected = {*names.split(), *imports} if not names.startswith(("from ", "import ")) else {names, *imports}
    assert uses(text) == expected


def test_uses_are_in_the_order_of_the_text_and_once() -> None:
    assert [each.path for each in uses_of(ast.parse("b; a; b; c.d; c"))] == [("b",), ("a",), ("c", "d"), ("c",)]
    assert uses_of(ast.parse("import a")) == (Use((), Source("a"), for_effect=True),)


def test_changed_names() -> None:
    text = "A[k].x = 1\nB.c.append(1)\nC = 1\nd(E).add(1)\nF.look(1)\ndef g():\n  global H\n"
    assert changed_names(ast.parse(text)) == ("A", "B", "d", "H")


def test_root_name() -> None:
    names = [root_name(ast.parse(text, mode="eval").body) for text in ("a.b[c](d).e", "a", "1", "'x'.y", "(a + b).c")]
    assert names == ["a", "a", "", "", ""]
