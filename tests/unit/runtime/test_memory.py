from __future__ import annotations

from pathlib import Path

from flytectl_py.runtime.memory import limit_in_words, processes_killed


def test_a_container_of_version_two(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 4\noom 2\noom_kill 3\noom_group_kill 0\n")
    (tmp_path / "memory.max").write_text("536870912\n")
    assert processes_killed(tmp_path) == 3
    assert limit_in_words(tmp_path) == " (the limit is 512 MiB)"


def test_a_container_of_version_one(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert processes_killed(tmp_path) == 1
    assert limit_in_words(tmp_path) == ""


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert processes_killed(tmp_path) == 0
    assert limit_in_words(tmp_path) == ""
