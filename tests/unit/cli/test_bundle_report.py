"""The meter, and how two bundles are compared."""

from __future__ import annotations

import io
import sys
import time

import pytest

from flytectl_py.cli.bundle_report import Meter, compared
from flytectl_py.cli.output import Output
from flytectl_py.digest.manifest import FileEntry, Manifest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, output: Output, seconds: list[float], stream: io.StringIO) -> str:
    """Tell a meter of 10 bytes more at each of `seconds` after its start, and return what it drew."""
    monkeypatch.setattr(sys, "stderr", stream)
    clock = iter([0.0, *seconds])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with Meter(output) as meter:
        for number, _ in enumerate(seconds, start=1):
            if meter.progress is not None:
                meter.progress("packing", 10 * number, 100)
    return stream.getvalue()


def test_nothing_is_drawn_within_a_second_and_little_after(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, Output(), [0.1, 0.9], Terminal()) == ""
    text = drawn(monkeypatch, Output(), [0.5, 1.0, 1.05, 1.2], Terminal())
    assert text == "\r\x1b[Kpacking 20 B of 100 B, 20 %\r\x1b[Kpacking 40 B of 100 B, 40 %\r\x1b[K"


@pytest.mark.parametrize(
    ("output", "stream"),
    [(Output(), io.StringIO()), (Output(quiet=True), Terminal()), (Output(as_json=True), Terminal())],
)
def test_nothing_is_drawn_where_nobody_watches(
    monkeypatch: pytest.MonkeyPatch, output: Output, stream: io.StringIO
) -> None:
    assert drawn(monkeypatch, output, [2.0], stream) == ""


def test_two_bundles_are_compared_file_by_file() -> None:
    one = FileEntry("a", executable=False, size=1, sha256="0" * 64)
    two = one._replace(path="b")
    text, found = compared(Manifest([one, two]), Manifest([one._replace(executable=True), two._replace(path="c")]))
    assert text == "~ a  644 → 755\n- b  1 B\n+ c  1 B"
    assert (found["same"], found["added"], found["removed"], found["changed"]) == (False, ["c"], ["b"], ["a"])
