"""The ledger: whole entries or none, whoever writes at once or dies on the way; bounded; unreadable is a warning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.engines import ledger as module
from flytectl_py.engines.ledger import Ledger


def kept(ledger: Ledger, subject: str, name: str, **parts: Any) -> None:
    ledger.keep("image", subject, name, "build", lambda: parts)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    ledger = Ledger.of(tmp_path)
    assert ledger.last("image", "etl") is None
    before = int(time.time())
    kept(ledger, "etl", "t1", layers=[("a", 1)])
    entry = Ledger.of(tmp_path).last("image", "etl")
    assert entry is not None
    assert (entry.subject, entry.name, entry.by, entry.parts) == ("etl", "t1", "build", {"layers": [["a", 1]]})
    assert before <= entry.when <= time.time()
    assert entry.document()["when"].endswith("Z")
    assert ledger.last("bundle", "etl") is None
    assert ledger.warnings == []


def test_state_is_kept_out_of_git_and_from_others(tmp_path: Path) -> None:
    kept(Ledger.of(tmp_path), "etl", "t1")
    state = tmp_path / ".flyte" / "state"
    assert (state / ".gitignore").read_text() == "*\n"
    (file,) = (state / "ledger").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_the_parts_of_the_same_name_are_not_asked_for_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    kept(ledger, "etl", "t1", a=1)
    ledger.keep("image", "etl", "t1", "build", lambda: pytest.fail("the parts were asked for"))
    kept(ledger, "etl", "t12", a=2)
    found = ledger.last("image", "etl")
    assert found is not None
    assert found.parts == {"a": 2}


def test_the_one_that_was_used_last_comes_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for age, subject in enumerate("abc"):
        kept(ledger, subject, subject)
        for file in tmp_path.iterdir():
            if json.loads(file.read_bytes())["subject"] == subject:
                os.utime(file, (1000 - age, 1000 - age))
    assert [each.subject for each in ledger.entries("image")] == ["a", "b", "c"]
    kept(ledger, "c", "c")  # The same name: only its time moves.
    assert [each.subject for each in ledger.entries("image")] == ["c", "a", "b"]


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"format": 1}', '{"format": 1, "name": 1, "parts": 3}', "[" * 100_000, '{"format": 2}']
)
def test_what_cannot_be_read_is_a_warning_and_no_entry(tmp_path: Path, damage: str) -> None:
    kept(Ledger(tmp_path), "etl", "t1")
    (file,) = tmp_path.iterdir()
    file.write_text(damage)
    ledger = Ledger(tmp_path)
    assert ledger.last("image", "etl") is None
    assert list(ledger.entries("image")) == []
    assert str(file) in ledger.warnings[0]
    kept(ledger, "etl", "t2")
    assert Ledger(tmp_path).last("image", "etl") is not None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for ledger in (Ledger(tmp_path / "file"), Ledger(tmp_path / "file" / "x"), Ledger(None)):
        kept(ledger, "etl", "t1")
        assert ledger.last("image", "etl") is None
        assert list(ledger.entries("image")) == []


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    monkeypatch.setattr(module, "MOST_BYTES", 5_000)
    monkeypatch.setattr(module, "MOST_BYTES_IN_ALL", 7_000)
    ledger = Ledger(tmp_path)
    for number, subject in enumerate("abcde"):
        kept(ledger, subject, subject)
        for file in tmp_path.iterdir():
            if json.loads(file.read_bytes())["subject"] == subject:
                os.utime(file, (1000 + number, 1000 + number))
    assert [each.subject for each in ledger.entries("image")] == ["e", "d", "c"]
    kept(ledger, "huge", "h", text="x" * 5_000)
    assert ledger.last("image", "huge") is None
    for subject in ("large", "larger"):
        kept(ledger, subject, subject, text="x" * 4_000)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 7_000
    assert ledger.last("image", "larger") is not None


def test_passwords_of_urls_are_not_kept(tmp_path: Path) -> None:
    kept(Ledger(tmp_path), "etl", "t1", index="https://me:s3cr3t@pypi.example.com/simple")
    (file,) = tmp_path.iterdir()
    assert "s3cr3t" not in file.read_text()
    assert "https://***@pypi.example.com/simple" in file.read_text()


WRITER = """
import sys
from pathlib import Path
from flytectl_py.engines.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**9 if sys.argv[3] == "forever" else 200):
    ledger.keep("image", "etl", f"{sys.argv[2]}{number}", "build", lambda: {"text": sys.argv[2] * 20_000})
"""


def _writer(folder: Path, name: str, how_long: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), name, how_long]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_leave_one_whole_entry(tmp_path: Path) -> None:
    writers = [_writer(tmp_path, name, "") for name in "ab"]
    while any(each.poll() is None for each in writers):
        _check(tmp_path)
    for each in writers:
        each.communicate()
        assert each.returncode == 0
    assert _check(tmp_path) is not None
    assert len(list(tmp_path.iterdir())) == 1


def test_a_process_that_is_killed_leaves_a_whole_entry_and_what_it_left_is_cleared(tmp_path: Path) -> None:
    for _ in range(3):
        writer = _writer(tmp_path, "k", "forever")
        assert writer.stdout is not None
        writer.stdout.readline()
        while _check(tmp_path) is None:
            time.sleep(0.01)
        writer.kill()
        writer.communicate()
        assert _check(tmp_path) is not None
    left = tmp_path / "image-x.json.0.part"
    left.write_text("{")
    os.utime(left, (1000, 1000))
    fresh = tmp_path / "image-y.json.0.part"
    fresh.write_text("{")
    kept(Ledger(tmp_path), "etl", "last")
    assert not left.exists()
    assert fresh.exists()  # Another process may still be at it.


def _check(folder: Path) -> object:
    ledger = Ledger(folder)
    entry = ledger.last("image", "etl")
    assert ledger.warnings == []
    if entry is not None:
        assert entry.parts["text"] == entry.name[0] * 20_000
    return entry
