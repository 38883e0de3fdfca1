"""Programs that builders start, and how they end."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from flytectl_py.builders.processes import Processes

SLOW = "import sys, time; print('up', flush=True); time.sleep(60)"


def _nothing(stream: BinaryIO) -> None:
    del stream


def test_lines_come_as_they_are_printed() -> None:
    lines: list[str] = []
    program = "import sys; print(sys.stdin.read()); print('err', file=sys.stderr)"
    code = Processes().follow([sys.executable, "-c", program], lambda out: out.write(b"given") and None, lines.append)
    assert (code, sorted(lines)) == (0, ["err", "given"])


def test_the_exit_code() -> None:
    assert Processes().follow([sys.executable, "-c", "raise SystemExit(7)"], _nothing, print) == 7


def test_more_input_than_a_program_wants_is_no_fault() -> None:
    big = b"x" * 1_000_000
    code = Processes().follow([sys.executable, "-c", "raise SystemExit(3)"], lambda out: out.write(big) and None, print)
    assert code == 3


def test_a_fault_of_the_input_ends_the_program() -> None:
    def feed(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise ValueError("a file changed")

    lines: list[str] = []
    program = "import sys; sys.stdin.read(); print('all of it came')"
    with pytest.raises(ValueError, match="a file changed"):
        Processes().follow([sys.executable, "-c", program], feed, lines.append)
    assert "all of it came" not in lines


def test_cancel_from_another_thread() -> None:
    processes = Processes()

    def stop(line: str) -> None:
        if line == "up":
            threading.Thread(target=processes.cancel).start()

    code = processes.follow([sys.executable, "-c", SLOW], _nothing, stop)
    assert code != 0
    assert processes.follow([sys.executable, "-c", SLOW], _nothing, print) != 0


def test_an_interrupt_ends_the_program(tmp_path: Path) -> None:
    late = tmp_path / "late"
    program = f"{SLOW}; open({str(late)!r}, 'w')"

    def interrupt(line: str) -> None:
        if line == "up":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Processes().follow([sys.executable, "-c", program], _nothing, interrupt)
    assert not late.exists()


def test_ask() -> None:
    assert Processes().ask([sys.executable, "-c", "print(1)"])[:2] == (0, "1\n")
    assert Processes().ask(["/no/such/program"])[0] == 127
    code, _, err = Processes().ask([sys.executable, "-c", SLOW], timeout=0.2)
    assert code == 127
    assert "did not answer" in err
