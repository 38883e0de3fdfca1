"""What a run shows of itself while it goes on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import asyncio, os
import flyte

env = flyte.TaskEnvironment(name="app")

@env.task
async def child(x: int) -> int:
    await asyncio.sleep(x)
    print("child", x)
    return x

@env.task
async def main() -> int:
    with flyte.group("children"):
        await asyncio.gather(child(0), child(1), child(1))
    await asyncio.sleep(0.5)
    while os.path.exists("wait"):
        await asyncio.sleep(0.05)
    return 1

@env.task
def quick() -> int:
    return 2
"""


@pytest.fixture
def app(project: MakeProject) -> Project:
    made: Project = project({"app.py": APP})
    return made


def test_a_terminal_shows_counts_which_are_gone_in_the_end(app: Project) -> None:
    app.write({"wait": ""})
    with app.flyte_on_terminal("run", "app.py", "main") as terminal:
        terminal.expect("2 running")
        terminal.expect("1 done")
        terminal.expect("3 done")
        (app.path / "wait").unlink()
        shown = terminal.finish().expect().out
    # What was printed stands above, whole; the drawing is erased before the result.
    assert "child 1\nchild 1\n" in shown
    assert re.search(r"\x1b\[\d+F\x1b\[J1\n$", shown), repr(shown[-200:])


@pytest.mark.parametrize("option", ["--quiet", "--no-progress"])
def test_a_terminal_shows_nothing_where_nobody_wants_it(app: Project, option: str) -> None:
    with app.flyte_on_terminal("run", option, "app.py", "main") as terminal:
        shown = terminal.finish().expect().out
    assert "running" not in shown
    assert "\x1b" not in shown


def test_a_quick_run_draws_nothing(app: Project) -> None:
    with app.flyte_on_terminal("run", "app.py", "quick") as terminal:
        assert terminal.finish().expect().out == "2\n"


def test_colours_are_left_out_where_they_are_not_wanted(app: Project) -> None:
    with app.flyte_on_terminal("run", "app.py", "main", env={"NO_COLOR": "1"}) as terminal:
        shown = terminal.finish().expect().out
    assert "2 running" in shown
    assert not re.search(r"\x1b\[3\dm", shown)


def test_it_stands_still_while_a_task_asks_something(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import time
        import flyte

        @flyte.task
        def main() -> str:
            time.sleep(0.8)
            answer = input("name? ")
            time.sleep(0.4)
            return answer
        """
        }
    )
    with made.flyte_on_terminal("run", "app.py", "main") as terminal:
        asked = terminal.expect(r"name\? ")
        assert "running" in asked
        time.sleep(0.5)
        terminal.send("me\n")
        between = terminal.expect("me\r\n")
        assert "running" not in between
        assert terminal.finish().expect().out.endswith("me\n")


def test_a_pipe_gets_nothing_unless_it_was_asked_for(app: Project) -> None:
    plain = app.flyte("run", "app.py", "main").expect()
    assert plain.err == ""
    told = app.flyte("run", "--progress", "app.py", "main").expect()
    lines = told.err.splitlines()
    assert 1 <= len(lines) <= told.seconds
    assert all(re.fullmatch(r"flyte: (\d+ (running|done|failed|cached)(, )?)+", line) for line in lines)
    assert told.out == plain.out
    as_json = app.flyte("run", "--progress", "--json", "app.py", "main").expect()
    assert "running" not in as_json.err
