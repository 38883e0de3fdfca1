"""However a run's events are cut into batches, and whenever somebody gathers them, the same rows come of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flytectl_py.records.database import opened
from flytectl_py.records.journal import ENDING, Journal
from flytectl_py.records.places import journals_folder
from flytectl_py.records.reading import ActionRecord, Printed, RunRecord, actions_of, printed_by, run_named

Steps = list[tuple[list[Any], str]]
Rows = tuple[RunRecord, list[ActionRecord], list[Printed]]


@st.composite
def steps(draw: st.DrawFn) -> Steps:
    """Events of one run that could have happened in this order, and what is done after each."""
    events: list[list[Any]] = [["begin", 0, None, "app.main", "task", None, 1000.0, {"x": 1}]]
    running = [0]
    for number in range(1, draw(st.integers(1, 8))):
        parent = draw(st.sampled_from(running))
        group = draw(st.none() | st.text(max_size=5))
        events.append(["begin", number, parent, "app.child", "task", group, 1000.0 + number, None])
        running.append(number)
        for _ in range(draw(st.integers(0, 2))):
            events.append(["print", draw(st.sampled_from(running)), 1, draw(st.text())])
        if draw(st.booleans()):
            ended = running.pop()
            events.append(["end", ended, 0.5, 2, "failed", None, None, ["E", draw(st.text())]])
    if draw(st.booleans()):
        events.append(["over", "succeeded", 3.0, None])
    after = st.sampled_from(["", "", "flush", "gather"])
    return [(event, draw(after)) for event in events]


def _rows(events: Steps, *, eagerly: bool) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        header = {"name": "first", "task": "app.main", "root": "", "file": "", "started": 1000.0}
        journal = Journal(journals_folder(state) / f"first.1{ENDING}", header, print)
        for event, then in events:
            journal.add(event)
            if eagerly and then:
                journal.flush()
            if eagerly and then == "gather":
                with opened(state, print):
                    pass
        journal.close()
        for _ in range(2):
            with opened(state, print) as database:
                assert database is not None
                run = run_named(database, "first")
                rows = run, actions_of(database, run), list(printed_by(database, run))
    return rows


@given(steps())
@settings(max_examples=30)
def test_rows_do_not_depend_on_when_they_are_written_and_gathered(events: Steps) -> None:
    eager, late = _rows(events, eagerly=True), _rows(events, eagerly=False)
    # A run without a last word ended when its journal was last written.
    assert eager[0]._replace(seconds=None) == late[0]._replace(seconds=None)
    assert eager[1:] == late[1:]
    assert (eager[0].phase == "succeeded") == (events[-1][0][0] == "over")
    assert len(eager[1]) == sum(event[0] == "begin" for event, _ in events)
