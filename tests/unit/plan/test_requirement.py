"""Requirements as text."""

from __future__ import annotations

import pytest

from flytectl_py.plan.requirement import asks_for_flyte, name_of, read_lines
from flytectl_py.plan.script_header import allows_python, read_header


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("numpy", "numpy"),
        (" Foo.Bar_baz [x, y] >=1 ; python_version > '3'", "foo-bar-baz"),
        ("a@ https://x.example/a.whl", "a"),
        ("a (>=1)", "a"),
        ("./a", ""),
        ("/a/b", ""),
        ("https://x.example/a.whl", ""),
        ("git+https://x.example/a", ""),
        ("", ""),
    ],
)
def test_name_of(requirement: str, name: str) -> None:
    assert name_of(requirement) == name


def test_asks_for_flyte() -> None:
    assert asks_for_flyte(["x", "FLYTE[aiosqlite]~=2.0"])
    assert not asks_for_flyte(["flytekit", "flyte-sdk", "x-flyte"])


def test_lines_of_a_requirements_file() -> None:
    text = """\
# a comment
--index-url https://x.example/simple
numpy  # why
pandas \\
  >=2 \\
  --hash=sha256:00
-rmore.txt
--requirement=more2.txt
-c constraints.txt
-e git+https://x.example/a#egg=a
-e ./lib
lib @ file:///lib
../wheel.whl
"""
    assert [tuple(each) for each in read_lines(text)] == [
        ("package", "numpy", 3),
        ("package", "pandas   >=2   --hash=sha256:00", 4),
        ("file", "more.txt", 7),
        ("file", "more2.txt", 8),
        ("file", "constraints.txt", 9),
        ("local", "./lib", 11),
        ("local", "file:///lib", 12),
        ("local", "../wheel.whl", 13),
    ]


@pytest.mark.parametrize(
    ("specifier", "minors"),
    [
        ("", {10, 11, 12, 13}),
        (">=3.11", {11, 12, 13}),
        (">=3.11,<3.13", {11, 12}),
        ("==3.12.*", {12}),
        ("~=3.11", {11, 12, 13}),
        ("~=3.11.2", {11}),
        ("!=3.12.*", {10, 11, 13}),
        ("<3.12.4", {10, 11, 12}),
        (">3.11", {11, 12, 13}),
        ("<=3.11", {10, 11}),
        ("==3", set()),
        ("==3.*", {10, 11, 12, 13}),
        (">=3", {10, 11, 12, 13}),
        ("what?", {10, 11, 12, 13}),
    ],
)
def test_allows_python(specifier: str, minors: set[int]) -> None:
    assert {minor for minor in (10, 11, 12, 13) if allows_python(specifier, (3, minor))} == minors


def test_the_header_of_a_script() -> None:
    script = (
        '#!/usr/bin/env python\r\n# /// script\r\n# dependencies = [\r\n#   "a<1",\r\n# ]\r\n#\r\n# ///\r\nx = 1\r\n'
    )
    header = read_header(script)
    assert header.dependencies == ("a<1",)
    assert header.text == 'dependencies = [\n  "a<1",\n]\n\n'
    assert header.requires_python == ""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("x = 1", "has no header"),
        ("# /// script\n# a\n", "has no header"),
        ("# /// script\n# a = 1\n# ///\n\n# /// script\n# a = 1\n# ///\n", "two headers"),
        ("# /// script\n# = 1\n# ///\n", "not TOML"),
        ("# /// script\n# dependencies = 'a'\n# ///\n", "'dependencies' is not a list"),
        ("# /// script\n# requires-python = 3.11\n# ///\n", "'requires-python' is not text"),
        ("# /// script\n# dependency = ['a']\n# ///\n", "a header with dependency; it takes"),
    ],
)
def test_a_header_that_is_not_one(script: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_header(script)
