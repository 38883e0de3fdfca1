"""Canonical bytes of syntax trees: what counts of a text, and what does not."""

from __future__ import annotations

import ast
import hashlib

import pytest

from flytectl_py.digest.syntax import encode_tree


def encoded(text: str) -> bytes:
    return encode_tree(ast.parse(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x=1", "x = (1) # one\n\n"),
        ("f('a')", 'f(\n    "a",\n)'),
        ("x = 16", "x = 0x1_0"),
        ("x = 'ab'", "x = 'a' 'b'"),
        ("x = u'a'", "x = 'a'"),
        ("if a: pass\nelif b: pass", "if a:\n  pass\nelse:\n  if b:\n    pass"),
        ("x = 1; y = 2", "x = 1\ny = 2"),
        ("f'{x}'", 'f"{ x }"'),
    ],
)
def test_layout_and_spelling_do_not_count(one: str, other: str) -> None:
    assert encoded(one) == encoded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 1", "x = 1j"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = None", "x = 'None'"),
        ("x = ...", "x = 'Ellipsis'"),
        ("x = 0.0", "x = -0.0"),
        ("a + b", "a - b"),
        ("a < b < c", "a < b and b < c"),
        ("{**x}", "{None: x}"),
        ("match x:\n  case None: pass", "match x:\n  case True: pass"),
        ("def f(): pass", "async def f(): pass"),
        ("def f(a, *, b): pass", "def f(a, b): pass"),
        ("def f(a=1, *, b): pass", "def f(a, *, b=1): pass"),
        ("f'{x!r}'", "f'{x}'"),
        ("from a import b", "from .a import b"),
        ("'\\ud800'", "'\\ud801'"),
        ("def f():\n    'Doc.'", "def f():\n    'Document.'"),
    ],
)
def test_what_means_something_else_counts(one: str, other: str) -> None:
    assert encoded(one) != encoded(other)


def test_the_encoding_is_the_same_forever() -> None:
    text = '''
@decorated(1)
def f(a, /, b: int = 2, *c, d=3.5, **e) -> "X":
    """Doc."""
    with open(a) as g, h: yield [*c, *(x for x in b if not x)], {1: 2, **e}, lambda y: y @ -a, a[1:2, ...]
    try: return f"{a!r:>{b}}"
    except* (A, B) as z: raise z from None
    match a:
        case {"k": [1, *r], **s} | K(x=None): pass
'''
    assert hashlib.sha256(encoded(text)).hexdigest() == (
        "096ce773e1efc215ee49dc12e7e0ddd03651998d1e835dd4060cc34f1ab2037d"
    )
