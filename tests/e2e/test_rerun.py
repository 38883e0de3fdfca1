"""A recorded run once more: its inputs, its code, and what is said where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
from dataclasses import dataclass
from datetime import date
import flyte
import steps

env = flyte.TaskEnvironment(name="app")

@dataclass
class Point:
    x: int
    when: date | None = None

@env.task
def main(x: int, point: Point, names: list[str] = []) -> str:
    return f"{steps.twice(x)} {point} {names}"
"""
STEPS = "def twice(x):\n    return 2 * x\n"


@pytest.fixture
def app(project: MakeProject) -> Project:
    made: Project = project({"app.py": APP, "steps.py": STEPS})
    point = json.dumps({"x": 1, "when": "2026-01-31"})
    made.flyte("run", "--name", "first", "--keep-code", "app.py", "main", "--x", "2", "--point", point).expect()
    made.flyte("run", "--name", "plain", "app.py", "main", "--x", "2", "--point", point).expect()
    return made


ANSWER = "Point(x=1, when=datetime.date(2026, 1, 31)) []"


def test_the_inputs_are_those_of_the_run_unless_given(app: Project) -> None:
    assert app.flyte("rerun", "plain").expect().out == f"4 {ANSWER}\n"
    assert app.flyte("rerun", "plain", "--x", "5").expect().out == f"10 {ANSWER}\n"
    assert app.flyte("rerun", "plain", "--names", '["a"]').expect().out.endswith("['a']\n")
    app.write({"inputs.json": '{"x": 7}'})
    assert app.flyte("rerun", "plain", "--inputs", "inputs.json").expect().out == f"14 {ANSWER}\n"


def test_a_rerun_is_a_run_with_a_record_of_its_own(app: Project) -> None:
    app.flyte("rerun", "plain", "--name", "second", "--x", "5").expect()
    document = app.flyte("get", "run", "second", "--json").expect().json
    assert document["action_list"][0]["inputs"] == {"x": 5, "point": {"x": 1, "when": "2026-01-31"}}
    assert app.flyte("rerun", "second").expect().out == f"10 {ANSWER}\n"


def test_the_current_code_runs_with_a_note_where_it_has_changed(app: Project) -> None:
    assert "has changed" not in app.flyte("rerun", "plain").expect().err
    app.write({"steps.py": "def twice(x):\n    return 20 * x\n"})
    changed = app.flyte("rerun", "plain").expect()
    assert changed.out == f"40 {ANSWER}\n"
    assert "the code has changed since plain" in changed.err


def test_code_that_was_kept_runs_as_it_was(app: Project) -> None:
    app.write({"steps.py": "def twice(x):\n    return 20 * x\n", "app.py": "raise SystemExit('gone')\n"})
    again = app.flyte("rerun", "first", "--name", "again").expect()
    assert again.out == f"4 {ANSWER}\n"
    assert "the code is the one that was kept of first" in again.err
    first, then = (app.flyte("get", "run", name, "--json").expect().json for name in ("first", "again"))
    assert (then["code_digest"], then["bundle"], then["file"]) == (first["code_digest"], first["bundle"], "app.py")
    assert app.flyte("rerun", "again").expect().out == f"4 {ANSWER}\n"


def test_a_folder_that_was_run_is_run_again(app: Project) -> None:
    point = '{"x": 1, "when": "2026-01-31"}'
    for name, options in (("whole", []), ("kept", ["--keep-code"])):
        app.flyte("run", "--name", name, *options, ".", "main", "--x", "2", "--point", point).expect()
        assert app.flyte("rerun", name).expect().out == f"4 {ANSWER}\n"
    app.write({"steps.py": "def twice(x):\n    return 20 * x\n"})
    assert app.flyte("rerun", "kept").expect().out == f"4 {ANSWER}\n"
    assert app.flyte("rerun", "whole").expect().out == f"40 {ANSWER}\n"


def test_help_shows_the_inputs_of_the_task(app: Project) -> None:
    shown = app.flyte("rerun", "plain", "--help").expect().out
    assert re.search(r"--point .*default: {", shown)
    assert "required" not in shown
    assert "before RUN or after it: flyte rerun --help" in shown


def test_what_cannot_be_taken_over_is_said(app: Project) -> None:
    assert "no run 'other'" in app.flyte("rerun", "other").expect(2).err
    assert app.flyte("rerun", "other", "--json").expect(2).json["error"]["code"] == "UnknownNameError"
    assert app.flyte("rerun").expect(2).err.startswith("error: which run?")
    for file in (app.path / ".flyte" / "state" / "bundles").iterdir():
        file.unlink()
    assert "is not there any more" in app.flyte("rerun", "first").expect(3).err
    app.write(
        {
            "app.py": APP.replace("x: int, point: Point,", "y: int,")
            .replace("twice(x)", "twice(y)")
            .replace("{point}", "")
        }
    )
    changed = app.flyte("rerun", "plain", "--y", "1").expect()
    assert "takes no x, point any more" in changed.err
    assert "--y: is missing" in app.flyte("rerun", "plain").expect(2).err


def test_an_input_that_is_too_large_for_a_record_has_to_be_given(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte
        env = flyte.TaskEnvironment(name="app")

        @env.task
        def main(xs: list[int], scale: int = 1) -> int:
            return scale * sum(xs)
        """
        }
    )
    made.write({"many.json": json.dumps(list(range(5000)))})
    made.flyte("run", "--name", "large", "app.py", "main", "--xs", "@many.json").expect()
    refused = made.flyte("rerun", "large").expect(2)
    assert "--xs" in refused.err
    assert "not in the record" in refused.err
    assert made.flyte("rerun", "large", "--xs", "[1, 2]", "--scale", "10").expect().out == "30\n"


FILES = """
import flyte
from flyte.io import Dir, File

env = flyte.TaskEnvironment(name="app")

@env.task
def main(file: File, more: list[File], folder: Dir) -> list[str]:
    return [each.open("r").read() for each in (file, *more, *folder.walk_sync())]
"""


def test_relative_paths_are_those_of_the_run_wherever_it_is_repeated(project: MakeProject) -> None:
    made = project({"app.py": FILES, "a.txt": "first", "sub/a.txt": "second", "data/b.txt": "b", "sub/data/b.txt": "c"})
    inputs = ["--file", "a.txt", "--more", '["./a.txt"]', "--folder", "data/"]
    said = made.flyte("run", "--name", "one", "app.py", "main", *inputs, "--json").expect().json["outputs"]
    assert said == {"o0": ["first", "first", "b"]}
    assert made.flyte("rerun", "one", "--json", cwd="sub").expect().json["outputs"] == said


def test_a_file_that_is_gone_is_said_with_what_may_be_typed(project: MakeProject) -> None:
    source = "import flyte\nfrom flyte.io import File\n\n@flyte.task\ndef main(file: File) -> int:\n    return 1\n"
    made = project({"app.py": source, "a.txt": "first"})
    made.flyte("run", "--name", "first", "app.py", "main", "--file", "a.txt").expect()
    (made.path / "a.txt").unlink()
    refused = made.flyte("rerun", "first").expect(2)
    assert "there is no such file" in refused.err
    assert refused.err.endswith("e.g. --file data.csv\n")
