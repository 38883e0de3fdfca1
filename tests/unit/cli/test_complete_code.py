"""What is found in syntax trees: tasks, their inputs and what those take, environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from flytectl_py.cli.complete_code import InputFound, environments_of, tasks_of

APP = """
from __future__ import annotations
import enum
import typing as t
from typing import Annotated, Literal, Optional

import flyte
from pathlib import Path
from shapes import Color, Size as Dimension
from .near import here as env3

env = flyte.TaskEnvironment("first")
env2: flyte.TaskEnvironment = flyte.TaskEnvironment(name="second", image="auto")
copy = env.clone_with(name="third")
Mode = Literal["a", "b"]

if True:
    @env.task(
        retries=3,
        cache="auto",
    )
    async def main(
        flag: bool, other: Optional[bool], how: t.Literal["x", 1], mode: "Mode", color: Color | None,
        size: Annotated[Dimension, "wide"], place: Path, plain: int = 3, *, bare=None, any: dict[str, int] = {},
    ) -> int:
        '''What it does.

        More.'''

@env2.task
@some.other
def second(): ...

@flyte.task
def third(): ...

@env3.task
def fourth(): ...

@other.decorator
def none(): ...

class Inside:
    @env.task
    def method(self): ...
"""
SHAPES = """
import enum
from sizes import Size

class Color(enum.Enum):
    RED = 1
    BLUE = 2
    _ignore_ = []
    def method(self): ...
"""
SIZES = "from enum import StrEnum\nclass Size(StrEnum):\n    BIG = 'big'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "shapes.py").write_text(SHAPES)
    (tmp_path / "sizes").mkdir()
    (tmp_path / "sizes" / "__init__.py").write_text(SIZES)
    (tmp_path / "near.py").write_text("import flyte\nhere = flyte.TaskEnvironment(name='near')\n")
    return tmp_path


def test_tasks_with_their_environments_and_first_lines(folder: Path) -> None:
    found = tasks_of(str(folder / "app.py"))
    assert [(each.name, each.environment, each.about) for each in found] == [
        ("main", "first", "What it does."),
        ("second", "second", ""),
        ("third", "", ""),
        ("fourth", "near", ""),
    ]


def test_inputs_and_what_they_take(folder: Path) -> None:
    inputs = {each.name: each for each in tasks_of(str(folder / "app.py"))[0].inputs}
    assert list(inputs) == ["flag", "other", "how", "mode", "color", "size", "place", "plain", "bare", "any"]
    assert inputs["flag"].is_flag
    assert inputs["other"].is_flag
    assert inputs["how"].values == ("x", "1")
    assert inputs["mode"].values == ("a", "b")
    assert inputs["color"].values == ("RED", "BLUE")
    assert inputs["size"].values == ("BIG",)
    assert inputs["place"].is_path
    assert inputs["plain"] == InputFound("plain", "int")
    assert inputs["bare"] == InputFound("bare", "")


def test_environments(folder: Path) -> None:
    assert environments_of(str(folder / "app.py")) == ["first", "second", "third"]
    assert environments_of(str(folder)) == ["first", "second", "third", "near"]


def test_a_folder_without_what_is_no_code_of_the_project(folder: Path) -> None:
    for inner in (".hidden", "__pycache__", "node_modules", "env"):
        (folder / inner).mkdir()
        (folder / inner / "x.py").write_text("@e.task\ndef hidden(): ...\n")
    (folder / "env" / "pyvenv.cfg").write_text("")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "y.py").write_text("@e.task\ndef deep(): ...\n")
    assert [each.name for each in tasks_of(str(folder))] == ["main", "second", "third", "fourth", "deep"]


def test_a_file_that_is_being_written_is_read_by_lines(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(APP + "\ndef broken(:\n")
    assert [each.name for each in tasks_of(str(file))] == ["main", "second", "third", "fourth", "method"]
    file.write_text("x = 1\n" * 250_000 + "@env.task\ndef late(): ...\n")
    assert [each.name for each in tasks_of(str(file))] == ["late"]
    file.write_text("@env.task\n" * 5000 + "    @(\n" * 5000)
    assert tasks_of(str(file)) == []
    file.write_bytes(b"@env.task\ndef main(): ...\n" + b"#" * (17 << 20))
    assert tasks_of(str(file)) == []


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"x = 1\0", b"(" * 100_000, b"a." * 100_000 + b"b", b"-" * 100_000 + b"1"]
)
def test_what_cannot_be_parsed_has_no_tasks(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "app.py").write_bytes(text)
    assert tasks_of(str(tmp_path / "app.py")) == []
    assert environments_of(str(tmp_path / "app.py")) == []
    assert tasks_of(str(tmp_path / "none.py")) == []


def test_names_that_lead_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import X\nimport flyte\n@X.task\ndef main(x: X, y: Y): ...\nY = Y\n")
    (tmp_path / "b.py").write_text("from a import X\n")
    (found,) = tasks_of(str(tmp_path / "a.py"))
    assert (found.environment, [each.values for each in found.inputs]) == ("", [(), ()])
