"""The tree of a run's actions, as a person sees it."""

from __future__ import annotations

from typing import Any

import pytest

from flytectl_py.cli.run_tree import duration, tree
from flytectl_py.records.reading import ActionRecord


def _action(number: int, parent: int | None, name: str = "app.child", **changes: Any) -> ActionRecord:
    plain = ActionRecord(
        number, parent, name, "task", None, 0.0, 0.5, 1, "succeeded", None, {"x": number}, None, None, None
    )
    return plain._replace(**changes)


def test_children_stand_under_their_caller_and_groups_are_nodes() -> None:
    actions = [
        _action(0, None, "app.main"),
        _action(1, 0, group="first"),
        _action(2, 0, group="first", cache="hit"),
        _action(3, 0, "app.other", attempts=3, phase="failed", error_code="ValueError", error="no\nmore"),
        _action(4, 3, "helper", kind="trace", seconds=None, phase="running"),
    ]
    assert tree(actions) == [
        "a0 app.main(x=0)  500 ms",
        "├── first: 1 succeeded, 1 cached",
        "│   ├── a1 app.child(x=1)  500 ms",
        "│   └── a2 app.child(x=2)  500 ms, cached",
        "└── a3 app.other(x=3)  500 ms, 3 attempts, failed  ValueError: no",
        "    └── a4 helper(x=4)  …, running, traced",
    ]


def test_many_calls_are_summed_up_with_the_failed_ones_shown() -> None:
    calls = [_action(number, 0) for number in range(1, 51)]
    calls[40] = calls[40]._replace(phase="failed", error_code="E", error="x")
    lines = tree([_action(0, None, "app.main"), *calls])
    assert len(lines) == 1 + 3 + 1 + 1
    assert "a41" in lines[4]
    assert lines[5] == "└── app.child: 46 more: 46 succeeded (-v shows all)"
    assert len(tree([_action(0, None, "app.main"), *calls], whole=True)) == 51


def test_inputs_that_are_long_are_cut() -> None:
    (line,) = tree([_action(0, None, "app.main", inputs={"text": "x" * 500})])
    assert len(line) < 120


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "…"),
        (0.0, "0 ms"),
        (0.01234, "12.3 ms"),
        (1.5, "1.5 s"),
        (59.94, "59.9 s"),
        (200, "3 min 20 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
