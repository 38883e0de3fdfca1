"""When a claim holds."""

from __future__ import annotations

import pytest

from benchmarks.finding import Finding
from benchmarks.report import table


def finding(*, judged: str = "ratio", limit: float | None) -> Finding:
    return Finding("run", "ms", [10.0, 30.0, 10.0], [40.0, 50.0, 50.0], "peer", judged=judged, limit=limit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("judged", "limit", "holds"),
    [("ratio", 0.25, True), ("ratio", 0.24, False), ("ours", 10, True), ("ours", 9.9, False), ("ratio", None, None)],
)
def test_the_median_is_judged(judged: str, limit: float | None, holds: bool | None) -> None:
    assert finding(judged=judged, limit=limit).holds is holds


def test_the_table_says_what_was_missed() -> None:
    kept, missed = table([finding(limit=0.25), finding(limit=0.1)]).splitlines()[1:]
    assert kept.endswith("<= 0.25 x  ok")
    assert missed.endswith("<= 0.1 x   MISSED")


def test_json_keeps_every_value_in_order() -> None:
    written = finding(limit=0.25).as_json()
    assert written["ours"]["values"] == [10.0, 30.0, 10.0]
    assert written["ratio"] == {"median": 0.25, "minimum": 0.2, "maximum": 0.6}
    assert written["holds"] is True
