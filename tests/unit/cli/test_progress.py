"""How a run stands, counted and told."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flytectl_py.cli.output import Output
from flytectl_py.cli.progress import Drawing, Lines, Row, Tally, progress
from flytectl_py.engines.actions import Action
from flytectl_py.engines.api import Phase


def _action(number: int, name: str = "app.child", group: str | None = None, **changes: Any) -> Action:
    made = Action(number, 0, name, "task", None, group)
    for key, value in changes.items():
        setattr(made, key, value)
    return made


def test_actions_are_counted_by_task_and_group() -> None:
    tally = Tally()
    running, done, cached, failed = (
        _action(0, "app.main"),
        _action(1, group="g", phase=Phase.SUCCEEDED),
        _action(2, group="g", phase=Phase.SUCCEEDED, cache="hit"),
        _action(3, group="g", phase=Phase.FAILED),
    )
    for each in (running, done, cached, failed):
        tally.began(each)
    assert tally.total().running == 4
    for each in (done, cached, failed):
        tally.ended(each)
    assert tally.rows() == [Row("", "app.main", 1, 0, 0, 0), Row("g", "app.child", 0, 1, 1, 1)]
    assert tally.rows()[1].name == "g: app.child"
    assert tally.total().counts() == "1 running, 1 done, 1 failed, 1 cached"


def test_counts_are_right_from_many_threads() -> None:
    tally = Tally()

    def work() -> None:
        for number in range(2000):
            action = _action(number, phase=Phase.SUCCEEDED)
            tally.began(action)
            tally.ended(action)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert tally.rows() == [Row("", "app.child", 0, 8000, 0, 0)]


def test_lines_are_only_told_when_something_changed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.began(_action(0), (), {})
    lines.show()
    lines.show()
    lines.began(_action(1), (), {})
    lines.show()
    assert capsys.readouterr().err == "flyte: 1 running\nflyte: 2 running\n"


@pytest.mark.parametrize(
    ("options", "output"),
    [
        ({}, Output()),
        ({"progress": True}, Output(quiet=True)),
        ({"progress": True}, Output(as_json=True)),
        ({"progress": True}, Output(no_progress=True)),
    ],
)
def test_where_nobody_watches_nothing_is_shown(options: dict[str, Any], output: Output) -> None:
    assert progress(options, output) == ()


def test_where_it_was_asked_for_lines_are_told() -> None:
    (found,) = progress({"progress": True}, Output())
    assert isinstance(found, Lines)
    assert not isinstance(found, Drawing)
