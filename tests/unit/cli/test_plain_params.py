"""The seam to Typer: what it relies on is still there, and it keeps pydantic out."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from typing import Annotated

import pytest
import typer

from flytectl_py.cli.options import GENERAL, Option, declare, merged
from flytectl_py.cli.plain_params import keep_pydantic_out

PROGRAM = """
import sys, typer
from flytectl_py.cli.options import GENERAL, Option, declare
from flytectl_py.cli.plain_params import keep_pydantic_out
seen = []
def callback(ctx, **given): seen.append(given)
app = typer.Typer(rich_markup_mode=None, add_completion=False)
app.command(add_help_option=False)(declare(callback, {**GENERAL, "many": Option(("--many",), "", "X", "texts")}))
command = typer.main.get_command(app)
if {with_seam}:
    keep_pydantic_out(command)
command.main(["-c", "file", "--json", "-vv", "--many", "a", "--many", "b"], standalone_mode=False)
given = seen[0]
values = [given[name] for name in ("config", "as_json", "verbose", "quiet")]
print(*values, list(given["many"]), "pydantic" in sys.modules)
"""


def run_program(*, with_seam: bool) -> str:
    program = PROGRAM.replace("{with_seam}", str(with_seam))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_values_arrive_as_they_were_typed_and_without_pydantic() -> None:
    assert run_program(with_seam=True) == "file True 2 None ['a', 'b'] False"


def test_the_seam_is_still_needed() -> None:
    assert run_program(with_seam=False).endswith("True"), "Typer no longer imports pydantic: remove cli/plain_params.py"


def test_typer_is_of_the_minor_version_that_the_seam_was_written_for() -> None:
    assert version("typer").startswith("0.29.")


def test_an_option_that_would_need_conversion_is_refused() -> None:
    def callback(size: Annotated[int, typer.Option("--size")] = 0) -> None: ...

    app = typer.Typer(add_completion=False)
    app.command()(callback)
    with pytest.raises(TypeError, match="--size is annotated"):
        keep_pydantic_out(typer.main.get_command(app))


def test_an_option_gives_up_the_names_that_are_taken() -> None:
    project = Option(("--project", "-p"), "", "NAME")
    assert project.without({"--project"}) == Option(("-p",), "", "NAME")
    assert project.without({"--other"}) == project
    assert project.without({"--project", "-p"}) is None


def test_what_stands_at_several_places_of_a_command_line_is_put_together() -> None:
    levels = [
        {"name": "first", "env": ("A=1",), "verbose": 1, "quiet": None, "as_json": True},
        {"name": None, "env": (), "verbose": 2, "quiet": False, "as_json": None},
        {"name": "last", "env": ["B=2"], "verbose": 0},
    ]
    assert merged(levels) == {"name": "last", "env": ["A=1", "B=2"], "verbose": 3, "as_json": True}


def test_every_general_option_says_what_it_does() -> None:
    assert all(option.help.endswith(".") for option in GENERAL.values())
    assert declare(lambda **_: None, GENERAL) is not None
