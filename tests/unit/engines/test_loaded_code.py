"""The user's loaded files, and what is remembered of them."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from flytectl_py.engines.loaded_code import loaded_code
from flytectl_py.project import snapshot


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is loaded as the module `steps`, and one outside the root."""
    root = tmp_path / "root"
    modules: dict[str, ModuleType] = {}
    for name, folder in (("steps", root / "inner"), ("elsewhere", tmp_path / "other")):
        folder.mkdir(parents=True)
        file = folder / f"{name}.py"
        file.write_text("x = 1\n")
        modules[name] = ModuleType(name)
        modules[name].__file__ = str(file)
    monkeypatch.setattr(snapshot._Snapshot, "modules", {**sys.modules, **modules})
    return root


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_only_files_below_the_root_are_listed(code: Path) -> None:
    assert loaded_code(str(code)) == [["inner/steps.py", False, 6, _sha256("x = 1\n")]]
    (code / "inner" / "steps.py").chmod(0o755)
    assert loaded_code(str(code))[0][1] is True


def test_what_has_not_changed_is_not_read_again(code: Path, tmp_path: Path) -> None:
    file, known = code / "inner" / "steps.py", tmp_path / "state" / "known.json"
    long_ago = time.time() - 100
    os.utime(file, (long_ago, long_ago))
    remembered = loaded_code(str(code), str(known))
    # The clock of changes cannot be set back, so a new file is read anew for as long as it may be racy.
    stamps = json.loads(known.read_text())
    found = file.stat()
    stamps[str(file)] = [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, "f" * 64]
    known.write_text(json.dumps(stamps))
    assert loaded_code(str(code), str(known))[0][3] == "f" * 64
    file.write_text("x = 2\n")
    assert loaded_code(str(code), str(known)) == [["inner/steps.py", False, 6, _sha256("x = 2\n")]]
    assert remembered[0][3] == _sha256("x = 1\n")


def test_a_file_that_was_just_written_is_not_believed(code: Path, tmp_path: Path) -> None:
    file, known = code / "inner" / "steps.py", tmp_path / "known.json"
    loaded_code(str(code), str(known))
    before = file.stat()
    file.write_text("x = 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert loaded_code(str(code), str(known))[0][3] == _sha256("x = 2\n")


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"x": 1}', "null"])
def test_what_is_remembered_may_be_broken(code: Path, tmp_path: Path, text: str) -> None:
    known = tmp_path / "known.json"
    known.write_text(text)
    assert len(loaded_code(str(code), str(known))) == 1
