"""The folder for what is known of a project."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from flytectl_py.project.state import state_folder, writable_state


def test_git_is_told_to_ignore_it(tmp_path: Path) -> None:
    assert writable_state(tmp_path) == state_folder(tmp_path)
    assert [each.name for each in state_folder(tmp_path).iterdir()] == [".gitignore"]
    assert (state_folder(tmp_path) / ".gitignore").read_text() == "*\n"


def test_a_full_disk_leaves_no_empty_file(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        assert writable_state(tmp_path) is None
        left = list(state_folder(tmp_path).iterdir())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert left == []
    assert writable_state(tmp_path) is not None
    assert (state_folder(tmp_path) / ".gitignore").read_text() == "*\n"


def test_an_empty_file_is_mended(tmp_path: Path) -> None:
    writable_state(tmp_path)
    file = state_folder(tmp_path) / ".gitignore"
    file.write_text("")
    writable_state(tmp_path)
    assert file.read_text() == "*\n"
    file.write_text("mine\n")
    writable_state(tmp_path)
    assert file.read_text() == "mine\n"
