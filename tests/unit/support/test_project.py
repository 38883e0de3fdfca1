"""The project fixture gives real processes a clean environment and shows what they said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.golden import Golden
from tests.support.process import PYTHON
from tests.support.project import Project
from tests.support.terminal import Terminal

MakeProject = Callable[..., Project]

SHOW = """
import json, os, sys
from pathlib import Path

seen = {"env": dict(os.environ), "cwd": os.getcwd(), "stdin": sys.stdin.read(), "home": str(Path.home())}
json.dump(seen, sys.stdout)
"""


def test_a_process_sees_a_clean_environment(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLYTE_ENDPOINT", "UCTL_CONFIG", "NO_COLOR", "XDG_CONFIG_HOME", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "x")
    made = project({"show.py": SHOW})
    seen = made.python("show.py").expect().json
    assert set(seen["env"]) - {"LC_CTYPE"} == {"PATH", "HOME", "LANG", "COLUMNS", "PYTHONPATH", "PYTHONWARNINGS"}
    assert seen["env"]["COLUMNS"] == "80"
    assert list(Path(seen["home"]).iterdir()) == []
    assert made.path not in Path(seen["home"]).parents
    assert Path(seen["home"]) not in made.path.parents


def test_environment_folder_and_stdin_can_be_given(project: MakeProject) -> None:
    made = project({"sub/show.py": SHOW})
    seen = made.python("show.py", env={"A": "1", "COLUMNS": None}, cwd="sub", stdin="né").expect().json
    assert seen["env"]["A"] == "1"
    assert "COLUMNS" not in seen["env"]
    assert Path(seen["cwd"]) == made.path / "sub"
    assert seen["stdin"] == "né"


def test_text_is_dedented_bytes_are_kept_and_folders_are_made(project: MakeProject) -> None:
    made = project({"a b/é.py": "\n    x = 1\n      # y\n", "raw": b"\r\n\x00", "empty/": ""}, name="odd näme")
    assert made.read("a b/é.py") == "x = 1\n  # y\n"
    assert (made.path / "raw").read_bytes() == b"\r\n\x00"
    assert (made.path / "empty").is_dir()


def test_an_unexpected_end_shows_all_that_was_said(project: MakeProject) -> None:
    made = project({"fail.py": "import sys\nprint('on out')\nprint('on err', file=sys.stderr)\nsys.exit(3)\n"})
    result = made.python("fail.py")
    with pytest.raises(AssertionError, match=r"(?s)expected exit code 0.*exit code 3.*on out.*on err"):
        result.expect()
    with pytest.raises(AssertionError, match="not one JSON document"):
        _ = result.json


def test_a_process_that_hangs_is_killed(project: MakeProject) -> None:
    made = project({"hang.py": "import time\nprint('begun', flush=True)\ntime.sleep(60)\n"})
    with pytest.raises(AssertionError, match=r"(?s)killed after 1\.0 s.*begun"):
        made.python("hang.py", timeout=1.0)


def test_warnings_are_errors_in_processes_too(project: MakeProject) -> None:
    made = project({"warn.py": "import warnings\nwarnings.warn('old', DeprecationWarning)\n"})
    assert "DeprecationWarning: old" in made.python("warn.py").expect(1).err


def test_a_terminal_is_one(project: MakeProject) -> None:
    made = project(
        {
            "ask.py": """
            import os, sys
            print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty(), os.get_terminal_size().columns)
            print("hello", input("name? "))
            """
        }
    )
    with Terminal([PYTHON, "ask.py"], cwd=made.path, env=made.environment(), columns=100) as terminal:
        terminal.expect(r"name\? ")
        terminal.send("you\n")
        result = terminal.finish().expect()
    assert result.out.startswith("True True True 100\n")
    assert result.out.endswith("hello you\n")


def test_control_c_on_a_terminal_interrupts(project: MakeProject) -> None:
    made = project(
        {
            "wait.py": """
            import time
            try:
                print("waiting", flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                raise SystemExit(130)
            """
        }
    )
    with Terminal([PYTHON, "wait.py"], cwd=made.path, env=made.environment()) as terminal:
        terminal.expect("waiting")
        terminal.send("\x03")
        terminal.finish().expect(130)


def test_golden_files_are_compared_and_written_on_request(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no golden file"):
        Golden(tmp_path, update=False).json("sub/a.json", {"b": 1})
    Golden(tmp_path, update=True).json("sub/a.json", {"b": 1, "a": "é"})
    assert json.loads((tmp_path / "sub/a.json").read_text(encoding="utf-8")) == {"a": "é", "b": 1}
    Golden(tmp_path, update=False).json("sub/a.json", {"a": "é", "b": 1})
    with pytest.raises(AssertionError, match="make golden"):
        Golden(tmp_path, update=False).json("sub/a.json", {"a": "é", "b": 2})
