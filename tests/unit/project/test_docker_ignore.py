"""Files in the form of .dockerignore; the rules are Docker's."""

from __future__ import annotations

import pytest

from flytectl_py.project.docker_ignore import parse


@pytest.mark.parametrize(
    ("text", "left_out", "kept"),
    [
        ("*.pyc", ["a.pyc"], ["d/a.pyc", "a.py"]),
        ("**/*.pyc", ["a.pyc", "d/e/a.pyc"], ["a.pyc.txt"]),
        ("/temp", ["temp", "temp/x"], ["a/temp", "temp2"]),
        ("temp/", ["temp/", "temp/x"], ["temps"]),
        ("*/temp*", ["a/temp", "a/temp1/x"], ["temp", "a/b/temp"]),
        ("temp?", ["temp1"], ["temp", "temp12", "temp/"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("docs/**", ["docs/x", "docs/a/b"], ["docs2/x"]),
        ("./x/../y", ["y"], ["x"]),
        ("# comment\n\n  y  ", ["y"], ["# comment"]),
        ("*.md\n!README.md", ["a.md"], ["README.md"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["README-secret.md"], ["README.md"]),
        ("a\n!a/keep", ["a/x"], ["a/keep", "a/"]),
        (".", [], ["a"]),
    ],
)
def test_patterns(text: str, left_out: list[str], kept: list[str]) -> None:
    rules = parse(text, ".dockerignore")
    assert [each for each in left_out if not rules.excluded_by(each)] == []
    assert [each for each in kept if rules.excluded_by(each)] == []


def test_the_rule_is_named() -> None:
    assert parse("\na\n\n*.x\n", "d/.dockerignore").excluded_by("b.x") == "d/.dockerignore:4"


@pytest.mark.parametrize("text", ["!", "a\n[", "x\\"])
def test_what_is_no_pattern_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse(text, "f")
