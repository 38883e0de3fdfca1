"""Trees as they are drawn."""

from __future__ import annotations

from flytectl_py.cli.tree import BOXES, PLAIN, Branch, drawn

TREE = Branch.of("top", ["one", Branch.of("two", ["two one", "two two"]), Branch.of("three", ["deep"])])


def test_plain_characters() -> None:
    assert drawn(TREE, PLAIN).splitlines() == [
        "top",
        "|-- one",
        "|-- two",
        "|   |-- two one",
        "|   `-- two two",
        "`-- three",
        "    `-- deep",
    ]


def test_boxes() -> None:
    assert drawn(TREE, BOXES).splitlines()[2:5] == ["├── two", "│   ├── two one", "│   └── two two"]


def test_lines_are_folded_between_words_under_their_beginning() -> None:
    words = "alpha beta gamma delta epsilon zeta"
    assert drawn(Branch.of("t", [Branch.of(words, [words]), words]), PLAIN, 30).splitlines() == [
        "t",
        "|-- alpha beta gamma delta",
        "|   |   epsilon zeta",
        "|   `-- alpha beta gamma delta",
        "|           epsilon zeta",
        "`-- alpha beta gamma delta",
        "        epsilon zeta",
    ]
    assert drawn(Branch.of("t", [words]), PLAIN, 0).splitlines()[1] == f"`-- {words}"


def test_a_word_that_is_too_wide_stays_whole() -> None:
    word = "x" * 70
    assert word in drawn(Branch.of("t", [f"a {word} b"]), PLAIN, 40)


def test_control_characters_are_written_out() -> None:
    assert drawn(Branch("a\x1b[2J\nb"), PLAIN) == r"a\x1b[2J\nb"
