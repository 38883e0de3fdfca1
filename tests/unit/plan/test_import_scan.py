"""Which imports a text holds, and when each happens."""

from __future__ import annotations

import textwrap

import pytest

from flytectl_py.plan.import_scan import scan_imports


def found(text: str) -> list[tuple[str, str]]:
    return [("." * each.level + each.module, each.when) for each in scan_imports(textwrap.dedent(text).encode())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", [("a", "eager")]),
        ("import a.b as c, d", [("a.b", "eager"), ("d", "eager")]),
        ("from . import x", [(".", "eager")]),
        ("from ..a.b import (\n  x,\n  y)", [("..a.b", "eager")]),
        ("if x:\n  import a\nelse:\n  import b", [("a", "eager"), ("b", "eager")]),
        ("for x in y:\n  import a\nelse:\n  import b", [("a", "eager"), ("b", "eager")]),
        ("with x:\n  import a", [("a", "eager")]),
        ("class A:\n  import a\n  def f(self): import b", [("a", "eager"), ("b", "lazy")]),
        ("match x:\n  case 1:\n    import a", [("a", "eager")]),
        ("def f():\n  import a", [("a", "lazy")]),
        ("async def f():\n  if x:\n    import a", [("a", "lazy")]),
        ("def f():\n  def g():\n    class A:\n      import a", [("a", "lazy")]),
        ("def f():\n  try:\n    import a\n  except ImportError: ...", [("a", "lazy")]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import a", [("typing", "eager"), ("a", "typing")]),
        ("if t.TYPE_CHECKING:\n  import a\nelse:\n  import b", [("a", "typing"), ("b", "eager")]),
        ("if __name__ == '__main__':\n  import a\n  def f(): import b", [("a", "main"), ("b", "main")]),
        ("if '__main__' == __name__:\n  import a", [("a", "main")]),
        ("if __name__ != '__main__':\n  import a", [("a", "eager")]),
        ("try:\n  import a\nexcept ImportError:\n  import b", [("a", "optional"), ("b", "optional")]),
        ("try:\n  import a\nexcept (KeyError, ModuleNotFoundError): ...", [("a", "optional")]),
        ("try:\n  import a\nexcept: ...\nelse:\n  import b", [("a", "optional"), ("b", "eager")]),
        ("try:\n  import a\nexcept KeyError: ...", [("a", "eager")]),
        ("try:\n  import a\nfinally:\n  import b", [("a", "eager"), ("b", "eager")]),
        ("import importlib\nx = importlib.import_module('a.b')", [("importlib", "eager"), ("a.b", "eager")]),
        ("x = [__import__('a')]", [("a", "eager")]),
        ("f = lambda: __import__('a')", [("a", "lazy")]),
        ("def f():\n  return import_module('a')", [("a", "lazy")]),
        ("import_module(name); import_module('.a', p)", []),
        ("'''\nimport a\n'''\n# import b", []),
        ("", []),
    ],
)  # fmt: skip
def test_when_an_import_happens(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_lines_names_and_encodings() -> None:
    (one, two) = scan_imports("# coding: latin-1\nimport a\n\nfrom b import c, d as e  # \xe9\n".encode("latin-1"))
    assert (one.line, one.names, two.line, two.names) == (2, (), 4, ("c", "d"))


@pytest.mark.parametrize("text", [b"import (", b"import a\0"])
def test_what_is_not_python_is_told(text: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        scan_imports(text)
