"""Where imports lead, by the disk alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flytectl_py.plan.import_scan import scan_imports
from flytectl_py.project.first_party import FirstParty, own_files
from flytectl_py.project.import_graph import ImportGraph

FILES = dict.fromkeys(
    ("src/shop/__init__.py", "src/shop/util.py", "src/shop/deep/__init__.py", "src/shop/deep/x.py", "space/one/mod.py",
     "plain.py", "venv/pyvenv.cfg", "venv/inside.py"), "",
)  # fmt: skip


def led(root: Path, text: str, importer: str = "app.py") -> list[tuple[str, str]]:
    graph = ImportGraph([str(root / "src"), str(root), str(root / "venv")], {}, FirstParty())
    edges = graph.edges(str(root / importer), scan_imports(text.encode()))
    return [(str(Path(each.target).relative_to(root)), each.module) for each in edges]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import plain", [("plain.py", "plain")]),
        ("import shop.util", [("src/shop/__init__.py", "shop"), ("src/shop/util.py", "shop.util")]),
        ("from shop import util, NAME", [("src/shop/__init__.py", "shop"), ("src/shop/util.py", "shop.util")]),
        ("from shop.util import f", [("src/shop/__init__.py", "shop"), ("src/shop/util.py", "shop.util")]),
        ("import space.one.mod", [("space/one/mod.py", "space.one.mod")]),
        ("from space.one import mod", [("space/one/mod.py", "space.one.mod")]),
        ("import os, json.decoder, flyte", []),
        ("import not_there, pytest", []),
        ("import inside", []),
        ("import shop.nothing", [("src/shop/__init__.py", "shop")]),
    ],
)
def test_absolute_imports(tree, text: str, expected: list[tuple[str, str]]) -> None:
    assert led(tree(FILES), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from . import x", [("src/shop/deep/__init__.py", "shop.deep"), ("src/shop/deep/x.py", "shop.deep.x")]),
        ("from .x import f", [("src/shop/deep/x.py", "shop.deep.x")]),
        ("from .. import util", [("src/shop/__init__.py", "shop"), ("src/shop/util.py", "shop.util")]),
        ("from ..util import f", [("src/shop/util.py", "shop.util")]),
    ],
)
def test_relative_imports(tree, text: str, expected: list[tuple[str, str]]) -> None:
    assert led(tree(FILES), text, "src/shop/deep/y.py") == expected


def test_a_file_does_not_lead_to_itself(tree) -> None:
    assert led(tree(FILES), "import plain", "plain.py") == []


def test_installed_standard_and_our_own_files_are_not_the_users(tree) -> None:
    import json

    import flytectl_py.errors

    root = tree({**FILES, "x/site-packages/lib.py": "", "own.py": ""})
    first_party = FirstParty()
    assert first_party.is_own(str(root / "own.py"))
    for file in (root / "x/site-packages/lib.py", root / "venv/inside.py", json.__file__, pytest.__file__,
                 flytectl_py.errors.__file__):  # fmt: skip
        assert not first_party.is_own(str(file))
    assert own_files([json, pytest, sys], first_party) == []
