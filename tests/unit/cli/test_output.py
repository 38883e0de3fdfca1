"""What is counted is named in the singular where it is one."""

from __future__ import annotations

import pytest

from flytectl_py.cli.output import counted


@pytest.mark.parametrize(
    ("number", "things", "said"),
    [
        (0, "tasks", "0 tasks"),
        (1, "tasks", "1 task"),
        (2, "kept bundles", "2 kept bundles"),
        (1, "data folders of runs", "1 data folder of runs"),
    ],
)
def test_numbers_of_things(number: int, things: str, said: str) -> None:
    assert counted(number, things) == said
