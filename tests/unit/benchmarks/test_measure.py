"""The arithmetic of the benchmarks, and that a process which fails is never timed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import CannotMeasureError, Command, Spread, interleave, ratios, run


def python(code: str, cwd: Path, expects: str = "") -> Command:
    return Command((sys.executable, "-I", "-S", "-c", code), cwd, {}, expects)


def test_spread_is_median_and_ends() -> None:
    assert Spread.of([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0)
    assert Spread.of([4.0, 1.0, 2.0, 9.0]).median == 3.0


def test_ratios_are_pair_by_pair() -> None:
    # A slow moment of the machine slows both of a pair: the median of the ratios does not see it.
    ours, other = [1.0, 10.0, 1.0], [4.0, 40.0, 5.0]
    assert ratios(ours, other) == [0.25, 0.25, 0.2]
    assert Spread.of(ratios(ours, other)).median == 0.25


def test_ratios_need_whole_pairs() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0, 2.0], [1.0])


def test_interleaves_and_leaves_out_the_warm_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    step = "import sys; f = open('log', 'a+'); f.seek(0); print(len(f.read())); f.write({!r})"
    ours, other = interleave(
        python(step.format("a"), tmp_path), python(step.format("b"), tmp_path), rounds=2, warm_up=1
    )
    assert log.read_text() == "ababab"
    assert [sample.stdout for sample in ours] == ["2\n", "4\n"]
    assert [sample.stdout for sample in other] == ["3\n", "5\n"]


def test_a_sample_holds_time_memory_and_output(tmp_path: Path) -> None:
    sample = run(python("held = bytearray(64 << 20); print('done')", tmp_path))
    assert sample.stdout == "done\n"
    assert sample.seconds > 0
    assert sample.cpu_seconds > 0
    assert sample.peak_mib > 64


@pytest.mark.parametrize(
    ("code", "expects", "said"),
    [("import sys; sys.exit('broken')", "", "broken"), ("print('41')", "42", "41")],
    ids=["exit code", "output"],
)
def test_what_fails_is_not_timed(tmp_path: Path, code: str, expects: str, said: str) -> None:
    with pytest.raises(CannotMeasureError, match=said):
        run(python(code, tmp_path, expects))
