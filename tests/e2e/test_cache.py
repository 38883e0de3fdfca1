"""The cache of local runs: hits across processes, what is a miss, one run at a time, and `flyte explain cache`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import FLYTE
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flyte
from flyte.io import File
from helpers import double

HERE = Path(__file__).parent
env = flyte.TaskEnvironment("app", cache="auto", image="img:1")


def ran(name: str) -> None:
    # One byte for each time that a task really runs.
    with open(HERE / f"{name}.ran", "ab") as out:
        out.write(b"x")


@dataclass
class Answer:
    value: int
    words: tuple[str, ...]


@env.task
def twice(x: int) -> Answer:
    ran("twice")
    return Answer(double(x), ("a", "b"))


@env.task
async def main(x: int) -> list[int]:
    ran("main")
    return [(await twice.aio(each)).value for each in range(x)]


@env.task(cache=flyte.Cache("auto", serialize=True))
def slow(x: int) -> int:
    ran("slow")
    time.sleep(0.2)
    return x


@env.task(cache=flyte.Cache("auto", serialize=True))
async def slow_too(x: int) -> int:
    ran("slow_too")
    await asyncio.sleep(0.2)
    return x


@env.task
def fails(x: int) -> int:
    ran("fails")
    raise ValueError("no")


@env.task
def size(data: File) -> int:
    ran("size")
    return len(Path(data.path).read_bytes())


@env.task
def lines() -> object:
    ran("lines")
    return (line for line in "ab")


@env.task(cache="disable")
def hundred(own: int, serial: bool = True) -> None:
    for x in range(100):
        assert (slow_one if serial else quick_one)(x % 10) == [x % 10] * 1000


@env.task(cache=flyte.Cache("auto", serialize=True))
def slow_one(x: int) -> list[int]:
    ran(f"one{x}")
    return [x] * 1000


@env.task
def quick_one(x: int) -> list[int]:
    ran(f"quick{x}")
    return [x] * 1000


@env.task(cache=flyte.Cache("auto", serialize=True))
def hangs(x: int) -> int:
    ran("hangs")
    if not (HERE / "go").exists():
        time.sleep(60)
    return x
"""
HELPERS = "def double(x):\n    return 2 * x\n"


@pytest.fixture
def app(project: MakeProject) -> Project:
    return project({"app.py": APP, "helpers.py": HELPERS})


def times(app: Project, name: str) -> int:
    """Return how often a task really ran."""
    file = app.path / f"{name}.ran"
    return file.stat().st_size if file.exists() else 0


def test_a_second_process_takes_what_the_first_one_kept(app: Project) -> None:
    first = app.flyte("run", "--json", "app.py", "twice", "--x", "3").expect().json
    second = app.flyte("run", "--json", "app.py", "twice", "--x", "3").expect().json
    assert first["outputs"] == second["outputs"] == {"o0": {"value": 6, "words": ["a", "b"]}}
    assert times(app, "twice") == 1
    app.flyte("run", "app.py", "twice", "--x", "4").expect()
    assert times(app, "twice") == 2


def test_a_helper_edited_in_another_file_is_a_miss_and_an_edited_comment_a_hit(app: Project) -> None:
    def result() -> str:
        return app.flyte("run", "app.py", "main", "--x", "3").expect().out.strip()

    assert (result(), times(app, "main"), times(app, "twice")) == ("[0, 2, 4]", 1, 3)
    app.write({"helpers.py": "# Doubles.\n\n" + HELPERS})
    assert (result(), times(app, "main"), times(app, "twice")) == ("[0, 2, 4]", 1, 3)
    app.write({"helpers.py": HELPERS.replace("2 *", "3 *")})
    assert (result(), times(app, "main"), times(app, "twice")) == ("[0, 3, 6]", 2, 6)
    app.write({"helpers.py": HELPERS})
    assert (result(), times(app, "main")) == ("[0, 2, 4]", 2)


def test_a_file_enters_by_content(app: Project) -> None:
    app.write({"a.txt": "abc", "b.txt": "abc"})
    for name, expected in (("a.txt", 1), ("b.txt", 1), ("a.txt", 1)):
        app.flyte("run", "app.py", "size", "--data", name).expect()
        assert times(app, "size") == expected
    app.write({"a.txt": "abcd"})
    assert app.flyte("run", "app.py", "size", "--data", "a.txt").expect().out.strip() == "4"


def test_overwrite_runs_again_and_keeps_that(app: Project) -> None:
    for option, expected in (([], 1), (["--overwrite-cache"], 2), ([], 2)):
        app.flyte("run", *option, "app.py", "twice", "--x", "3").expect()
        assert times(app, "twice") == expected


def test_a_program_may_leave_the_cache_alone(app: Project) -> None:
    app.write(
        {
            "program.py": """
            import app, flyte
            print(flyte.run(app.twice, 3).outputs().o0)
            print(flyte.with_runcontext(disable_run_cache=True).run(app.twice, 3).outputs().o0)
            print(flyte.with_runcontext(overwrite_cache=True).run(app.twice, x=3).outputs().o0)
            print(flyte.run(app.twice, x=3).outputs().o0)
            """
        }
    )
    assert app.python("program.py").expect().out == "Answer(value=6, words=('a', 'b'))\n" * 4
    assert times(app, "twice") == 3
    app.flyte("run", "app.py", "twice", "--x", "3").expect()
    assert times(app, "twice") == 3


def test_a_program_and_the_command_share_what_is_kept(app: Project) -> None:
    app.write({"app.py": APP + "\nif __name__ == '__main__':\n    print(flyte.run(twice, 3).outputs().o0)\n"})
    for order in (("program", "command"), ("command", "program")):
        for name in order:
            if name == "program":
                assert app.python("app.py").expect().out == "Answer(value=6, words=('a', 'b'))\n"
            else:
                app.flyte("run", "app.py", "twice", "--x", "3").expect()
        assert times(app, "twice") == 1
        for entry in entries(app):
            entry.unlink()
        (app.path / "twice.ran").unlink()


def test_an_edit_while_it_runs_is_not_taken_for_what_ran(app: Project) -> None:
    app.write(
        {
            "editing.py": """
            from pathlib import Path
            import app, flyte

            @app.env.task(cache="disable")
            def edit() -> int:
                file = Path(__file__).with_name("helpers.py")
                # Of another size, since Python tells edits within a second by that.
                file.write_text(file.read_text().replace("2 *", "30 *"))
                return app.twice(5).value
            """
        }
    )
    first = app.flyte("run", "editing.py", "edit").expect()
    assert first.out.strip() == "10"
    assert "helpers.py was edited after it was loaded" in first.err
    second = app.flyte("run", "app.py", "twice", "--x", "5", "--json").expect()
    assert second.json["outputs"]["o0"]["value"] == 150


def test_a_failed_task_is_not_kept(app: Project) -> None:
    for expected in (1, 2):
        app.flyte("run", "app.py", "fails", "--x", "3").expect(1)
        assert times(app, "fails") == expected


def test_what_cannot_be_kept_is_told_once(app: Project) -> None:
    result = app.flyte("run", "app.py", "lines").expect()
    assert result.err.count("app.lines is not cached: its output cannot be pickled") == 1
    app.flyte("run", "app.py", "lines").expect()
    assert times(app, "lines") == 2


def entries(app: Project) -> list[Path]:
    return sorted((app.path / ".flyte" / "state" / "cache").rglob("*.entry"))


def test_a_damaged_entry_is_a_miss_with_a_warning(app: Project) -> None:
    app.flyte("run", "app.py", "twice", "--x", "3").expect()
    (entry,) = entries(app)
    whole = entry.read_bytes()
    for broken in (whole[:-1], b"", whole.replace(b"Answer", b"answer"), b"\0" * 100):
        entry.write_bytes(broken)
        result = app.flyte("run", "app.py", "twice", "--x", "3").expect()
        assert "an entry of its cache cannot be used" in result.err
        assert entry.read_bytes() != broken
    assert times(app, "twice") == 5
    assert app.flyte("run", "app.py", "twice", "--x", "3").expect().err == ""


def test_an_entry_that_others_may_write_to_is_not_read(app: Project) -> None:
    app.flyte("run", "app.py", "twice", "--x", "3").expect()
    entries(app)[0].chmod(0o666)
    assert "another user" in app.flyte("run", "app.py", "twice", "--x", "3").expect().err
    assert times(app, "twice") == 2


@pytest.mark.parametrize("task", ["slow", "slow_too"])
def test_many_at_once_run_one(app: Project, task: str) -> None:
    command = [FLYTE, "run", "app.py", task, "--x", "7"]
    running = [subprocess.Popen(command, cwd=app.path, env=app.environment(), stdout=subprocess.PIPE) for _ in range(4)]
    assert [each.communicate(timeout=60)[0].strip() for each in running] == [b"7"] * 4
    assert times(app, task) == 1


def test_eight_processes_of_a_hundred_calls_run_each_once(app: Project) -> None:
    running = [
        subprocess.Popen([FLYTE, "run", "app.py", "hundred", "--own", str(n)], cwd=app.path, env=app.environment())
        for n in range(8)
    ]
    assert [each.wait(timeout=120) for each in running] == [0] * 8
    assert [times(app, f"one{x}") for x in range(10)] == [1] * 10
    assert list((app.path / ".flyte" / "state" / "cache" / "locks").iterdir()) == []


def test_without_serialize_eight_processes_may_work_twice_and_are_right(app: Project) -> None:
    command = [FLYTE, "run", "app.py", "hundred", "--no-serial", "--own"]
    running = [subprocess.Popen([*command, str(n)], cwd=app.path, env=app.environment()) for n in range(8)]
    assert [each.wait(timeout=120) for each in running] == [0] * 8
    assert all(1 <= times(app, f"quick{x}") <= 8 for x in range(10))


def test_a_killed_holder_lets_go(app: Project) -> None:
    command = [FLYTE, "run", "app.py", "hangs", "--x", "7"]
    holder = subprocess.Popen(command, cwd=app.path, env=app.environment())
    while not times(app, "hangs"):
        time.sleep(0.02)
    waiting = subprocess.Popen(command, cwd=app.path, env=app.environment(), stdout=subprocess.PIPE)
    time.sleep(0.5)
    assert times(app, "hangs") == 1
    app.write({"go": ""})
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert waiting.communicate(timeout=30)[0].strip() == b"7"
    assert times(app, "hangs") == 2


def test_killed_at_any_point_the_cache_stays_right(app: Project) -> None:
    for pause in range(12):
        process = subprocess.Popen(
            [FLYTE, "run", "--overwrite-cache", "app.py", "main", "--x", "40"],
            cwd=app.path,
            env=app.environment(),
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.08 + pause * 0.01)
        process.kill()
        process.wait()
    result = app.flyte("run", "app.py", "main", "--x", "40").expect()
    assert result.out.strip() == str([2 * x for x in range(40)])
    assert result.err == ""


def test_explain_says_what_is_in_the_key_and_what_changed(app: Project) -> None:
    def explained() -> dict[str, Any]:
        found: dict[str, Any] = app.flyte("explain", "cache", "app.py", "main", "--json").expect().json
        return found

    before = explained()
    assert (before["task"], before["cached"], before["inputs"], before["changed"]) == ("app.main", True, ["x"], [])
    assert {"app.main", "app.twice", "helpers.double", "app.ran"} <= set(before["code"])
    app.flyte("run", "app.py", "main", "--x", "3").expect()
    same = explained()
    assert same.pop("since")["name"] == before["version"]
    assert same == {name: value for name, value in before.items() if name != "since"}
    app.write({"helpers.py": HELPERS.replace("2 *", "3 *")})
    after = explained()
    assert after["version"] != before["version"]
    assert after["changed"] == ["helpers.double changed"]
    text = app.flyte("explain", "cache", "app.py", "main").expect().out
    assert f"cache of app.main: version {after['version']}\n" in text
    assert "moved since the last run, " in text
    assert text.endswith("    `-- helpers.double changed\n")


def test_explain_of_what_is_not_cached_and_of_nothing(app: Project) -> None:
    assert "app.hundred is not cached" in app.flyte("explain", "cache", "app.py", "hundred").expect().out
    assert "slow_too" in app.flyte("explain", "cache", "app.py").expect(2).err
    assert "needs FILE" in app.flyte("explain", "cache").expect(2).err


def test_an_ignored_input_that_there_is_not_is_refused(project: MakeProject) -> None:
    text = """
    import flyte
    env = flyte.TaskEnvironment("app")

    @env.task(cache=flyte.Cache("auto", ignored_inputs="yy"))
    def main(x: int, y: int = 1) -> int:
        return x
    """
    result = project({"app.py": text}).flyte("run", "app.py", "main", "--x", "1").expect(2)
    assert "ignored_inputs" in result.err
    assert "did you mean" in result.err


def test_where_nothing_can_be_written_tasks_run_all_the_same(app: Project) -> None:
    (app.path / ".flyte").mkdir()
    (app.path / ".flyte" / "state").write_text("in the way")
    result = app.flyte("run", "app.py", "slow", "--x", "3").expect()
    assert result.out.strip() == "3"
    assert "app.slow is not cached" in result.err
