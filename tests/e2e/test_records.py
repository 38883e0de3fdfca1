"""What is kept of local runs, and the commands that show it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.process import FLYTE, Result, run_process
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import asyncio, sys, time
import flyte

env = flyte.TaskEnvironment(name="app")

@flyte.trace
def halve(x: int) -> int:
    return x // 2

@env.task
async def child(x: int) -> int:
    print("child", x)
    return halve(x)

@env.task(retries=2)
def flaky(x: int) -> int:
    if flyte.ctx().attempt == 1:
        raise ValueError("not yet")
    return x

@env.task
async def main(x: int, title: str = "sum") -> int:
    print("begun")
    print("warned", file=sys.stderr)
    with flyte.group("children"):
        parts = await asyncio.gather(*(child(each) for each in range(3)))
    return sum(parts) + await flaky.aio(x)

@env.task
def broken(x: int) -> int:
    raise KeyError("nothing there")

@env.task
def slow() -> None:
    print("begun", file=sys.stderr, flush=True)
    time.sleep(60)

@env.task
async def slow_async() -> None:
    print("begun", file=sys.stderr, flush=True)
    await asyncio.sleep(60)

@env.task
def wait(x: int) -> None:
    slow()

@env.task
def slow_map() -> None:
    list(flyte.map(wait, [1, 2]))
"""


@pytest.fixture
def app(project: MakeProject) -> Project:
    made: Project = project({"app.py": APP})
    return made


def test_a_run_is_listed_and_shown_with_its_actions(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    listed = app.flyte("get", "run").expect().out
    assert listed.splitlines()[1].split()[:3] == ["first", "app.main", "succeeded"]
    shown = app.flyte("get", "run", "first").expect().out
    tree = shown.splitlines()
    assert "first: app.main succeeded in" in tree[0]
    assert any(line.startswith("├── children: 3 succeeded") for line in tree), shown
    assert any(line.startswith("│   ├── a1 app.child(x=0)") for line in tree), shown
    assert any("halve(0=2)" in line and "traced" in line for line in tree), shown
    assert any("app.flaky(x=5)" in line and "2 attempts" in line for line in tree), shown


def test_json_has_inputs_outputs_parents_and_groups(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    document = app.flyte("get", "run", "first", "--json").expect().json
    assert (document["run"], document["task"], document["phase"]) == ("first", "app.main", "succeeded")
    assert document["error"] is None
    assert document["seconds"] > 0
    assert document["file"] == "app.py"
    root, *others = document["action_list"]
    assert (root["inputs"], root["outputs"], root["parent"]) == ({"x": 5}, 6, None)
    children = [each for each in others if each["name"] == "app.child"]
    assert [(each["parent"], each["group"], each["outputs"]) for each in children] == [
        ("a0", "children", 0),
        ("a0", "children", 0),
        ("a0", "children", 1),
    ]
    assert {each["parent"] for each in others if each["kind"] == "trace"} == {each["action"] for each in children}


def test_the_error_of_each_attempt_is_recorded(project: MakeProject) -> None:
    code = (
        "import flyte\nenv = flyte.TaskEnvironment('app')\n@env.task(retries=4)\ndef flaky() -> int:\n"
        "    attempt = flyte.ctx().attempt\n    if attempt < 3:\n"
        "        raise ValueError(f'no {attempt}\\nmore of it')\n"
        "    return attempt\n"
    )
    made = project({"app.py": code})
    made.flyte("run", "--name", "tried", "app.py", "flaky").expect()
    (action,) = made.flyte("get", "run", "tried", "--json").expect().json["action_list"]
    assert (action["phase"], action["attempts"], action["error"]) == ("succeeded", 3, None)
    assert action["failed_attempts"] == [
        {"attempt": number, "code": "ValueError", "message": f"no {number}\nmore of it"} for number in (1, 2)
    ]
    shown = made.flyte("get", "run", "tried").expect().out.splitlines()
    assert [line.strip() for line in shown[-2:]] == ["attempt 1  ValueError: no 1", "attempt 2  ValueError: no 2"]


def test_a_failure_is_recorded_and_its_json_names_the_run(app: Project) -> None:
    failed = app.flyte("run", "--json", "app.py", "broken", "--x", "1").expect(1).json
    assert failed["error"]["code"] == "KeyError"
    document = app.flyte("get", "run", failed["run"], "--json").expect().json
    assert document["phase"] == "failed"
    assert document["error"] == {"code": "KeyError", "message": "'nothing there'"}
    assert [each["phase"] for each in document["action_list"]] == ["failed"]
    shown = app.flyte("get", "run", failed["run"]).expect().out
    assert "KeyError: 'nothing there'" in shown


def test_logs_say_what_each_action_printed(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    every = app.flyte("logs", "first").expect().out.splitlines()
    assert "a0 main  | begun" in every
    assert "a0 main  | warned" in every
    assert [line.partition("|")[2] for line in every if "child" in line] == [" child 0", " child 1", " child 2"]
    assert app.flyte("logs", "first", "a0").expect().out == "begun\nwarned\n"
    pieces = app.flyte("logs", "first", "--json").expect().json["printed"]
    assert [each["text"] for each in pieces if each["action"] == "a0"] == ["begun\n", "warned\n"]
    assert {each["stream"] for each in pieces if "warned" in each["text"]} == {"stderr"}


@pytest.mark.parametrize("task", ["slow", "slow_async", "slow_map"])
def test_control_c_is_recorded_as_aborted(app: Project, task: str) -> None:
    with subprocess.Popen(
        [FLYTE, "run", "--json", "--name", "slow", "app.py", task],
        cwd=app.path,
        env=app.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert "begun" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        ended = Result.of(process)
    assert ended.expect(130).json["run"] == "slow"
    document = app.flyte("get", "run", "slow", "--json").expect().json
    assert document["phase"] == "aborted"
    assert {each["phase"] for each in document["action_list"]} == {"aborted"}


def test_a_killed_run_is_recorded_up_to_its_last_moment(app: Project) -> None:
    with app.begin("run", "--name", "slow", "app.py", "slow") as process:
        assert process.stderr is not None
        assert "begun" in process.stderr.readline()
        time.sleep(1.0)
        during = app.flyte("get", "run", "slow", "--json").expect().json
        process.kill()
        process.communicate(timeout=5)
    assert (during["phase"], during["seconds"]) == ("running", None)
    document = app.flyte("get", "run", "slow", "--json").expect().json
    assert (document["phase"], document["error"]["code"]) == ("aborted", "Lost")
    assert [each["phase"] for each in document["action_list"]] == ["aborted"]
    assert app.flyte("logs", "slow").expect().out == "begun\n"


def test_records_say_which_code_and_commit_ran(app: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "app.py"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], cwd=app.path, env=app.environment(), check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=app.path, env=app.environment(), check=True, capture_output=True, text=True
    ).stdout.strip()
    digest = app.flyte("run", "--json", "--dry-run", "app.py", "main", "--x", "1").expect().json["bundle"]["digest"]
    app.flyte("run", "--name", "clean", "app.py", "main", "--x", "1").expect()
    time.sleep(1.0)  # Nobody waits for git.
    clean = app.flyte("get", "run", "clean", "--json").expect().json
    assert (clean["code_digest"], clean["git"]) == (digest, {"commit": head, "dirty": False})
    app.write({"app.py": APP + "\n# changed\n"})
    app.flyte("run", "--name", "changed", "app.py", "main", "--x", "1").expect()
    time.sleep(1.0)
    changed = app.flyte("get", "run", "changed", "--json").expect().json
    assert changed["git"] == {"commit": head, "dirty": True}
    assert changed["code_digest"] != digest


def test_records_are_found_from_folders_around_the_root(project: MakeProject) -> None:
    made = project({"jobs/daily/app.py": APP, "jobs/daily/data/": "", "other/": ""})
    made.flyte("run", "--name", "first", "jobs/daily/app.py", "main", "--x", "5").expect()
    for folder in (".", "jobs", "jobs/daily", "jobs/daily/data"):
        assert "first" in made.flyte("get", "run", cwd=folder).expect().out, folder
    assert "no runs are recorded" in made.flyte("get", "run", cwd="other").expect().err
    made.write({"jobs/nightly/app.py": APP})
    made.flyte("run", "--name", "second", "jobs/nightly/app.py", "main", "--x", "5").expect()
    several = made.flyte("get", "run").expect(2)
    assert "--root-dir" in several.err
    assert "second" in made.flyte("get", "run", "--root-dir", "jobs/nightly").expect().out


def test_records_of_the_home_folder_are_no_project_s(tmp_path: Path) -> None:
    made = Project(tmp_path / "home" / "work", tmp_path / "home", {"jobs/app.py": APP, "../app.py": APP})
    made.flyte("run", "--name", "at-home", "app.py", "main", "--x", "5", cwd="..").expect()
    made.flyte("run", "--name", "at-work", "jobs/app.py", "main", "--x", "5").expect()
    assert [each["run"] for each in made.flyte("get", "run", "--json").expect().json["runs"]] == ["at-work"]
    assert "at-home" in made.flyte("get", "run", cwd="..").expect().out


def test_what_is_not_there_is_said(app: Project) -> None:
    assert app.flyte("get", "run", "--json").expect().json == {"runs": [], "total": 0}
    assert "no run 'x'" in app.flyte("get", "run", "x").expect(2).err
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    assert "did you mean 'first'?" in app.flyte("get", "run", "frst").expect(2).err
    missed = app.flyte("logs", "first", "a99").expect(2).err
    assert "no action 'a99'" in missed
    assert "see 'flyte get run first'" in missed
    assert "--limit" in app.flyte("get", "run", "first", "--limit", "3").expect(2).err
    assert "--limit" in app.flyte("get", "run", "--limit", "few").expect(2).err
    assert app.flyte("get").expect(2).err.startswith("error: which kind of record? flyte get needs one of run, ")
    assert app.flyte("logs").expect(2).err.startswith("error: which run?")


def test_a_cache_hit_is_recorded_as_one(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte
        env = flyte.TaskEnvironment(name="app")

        @env.task(cache="auto")
        async def cached(x: int) -> int:
            return x

        @env.task(cache="auto")
        def plain(x: int) -> int:
            return x

        @env.task
        async def main(x: int) -> int:
            return await cached(x) + plain(x)
        """
        }
    )
    for name in ("first", "second"):
        made.flyte("run", "--name", name, "app.py", "main", "--x", "5").expect()
    uses = [
        [each["cache"] for each in made.flyte("get", "run", name, "--json").expect().json["action_list"]]
        for name in ("first", "second")
    ]
    assert uses == [[None, "miss", "miss"], [None, "hit", "hit"]]
    assert "(2 cached)" in made.flyte("get", "run").expect().out
    assert ", cached" in made.flyte("get", "run", "second").expect().out


def test_nothing_is_kept_where_records_are_off(app: Project) -> None:
    app.flyte("run", "app.py", "main", "--x", "5", env={"FLYTE_RECORDS": "off"}).expect()
    assert not (app.path / ".flyte" / "state" / "records").exists()


def test_records_that_another_process_writes_to_are_waited_for_and_that_is_said(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    app.flyte("get", "run").expect()
    file = app.path / ".flyte" / "state" / "records" / "runs.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with app.begin("get", "run", "first", "--json") as process:
            assert process.stderr is not None
            assert process.stderr.readline() == f"flyte: waiting for another process that writes to {file}\n"
            other.execute("ROLLBACK")
            assert Result.of(process).expect().json["run"] == "first"


def test_a_full_disk_is_not_taken_for_records_that_were_lost(app: Project) -> None:
    app.flyte("run", "--name", "first", "app.py", "main", "--x", "5").expect()
    command = ["bash", "-c", 'ulimit -f 0; exec "$0" "$@"', FLYTE, "get", "run"]
    assert "first" in run_process(command, cwd=app.path, env=app.environment()).expect().out
    listed = app.flyte("get", "run").expect()
    assert "first" in listed.out
    assert listed.err == ""


def test_a_run_goes_on_where_nothing_can_be_written(app: Project) -> None:
    (app.path / ".flyte").write_text("a file where the state folder should be")
    done = app.flyte("run", "app.py", "main", "--x", "5").expect()
    assert done.out.splitlines()[-1] == "6"
    assert done.err.count("is not recorded") == 1


def test_a_python_program_is_recorded_as_well(app: Project) -> None:
    app.write({"program.py": "import flyte, app\nrun = flyte.run(app.main, 5)\nprint(run.name, run.url)\n"})
    name, url = app.python("program.py").expect().out.splitlines()[-1].split()
    assert url == f"local://{name}"
    document = app.flyte("get", "run", url, "--json").expect().json
    assert (document["file"], document["action_list"][0]["inputs"]) == ("app.py", {"x": 5})


def test_async_programs_and_threads_are_recorded_as_well(project: MakeProject) -> None:
    made = project(
        {
            "program.py": """
        import asyncio
        import flyte

        @flyte.task
        def blocking(x: int) -> int:
            print("thread", x)
            return x

        @flyte.task
        async def parent(n: int) -> int:
            return sum(await asyncio.gather(*(blocking.aio(x) for x in range(n)))) + sum(flyte.map(blocking, range(n)))

        async def main() -> None:
            runs = await asyncio.gather(*(flyte.run.aio(parent, n) for n in (2, 3)))
            print(*(run.name for run in runs))

        asyncio.run(main())
        """
        }
    )
    two, three = made.python("program.py").expect().out.splitlines()[-1].split()
    for name, children in ((two, 2), (three, 3)):
        actions = made.flyte("get", "run", name, "--json").expect().json["action_list"]
        assert [each["parent"] for each in actions] == [None] + ["a0"] * 2 * children
        assert [each["group"] for each in actions[1:]] == [None] * children + ["blocking"] * children
        pieces = made.flyte("logs", name, "--json").expect().json["printed"]
        assert {(each["action"], each["text"].partition(" ")[0]) for each in pieces} >= {
            ("a1", "thread"),
            (f"a{children + 1}", "thread"),
        }


def test_many_calls_of_one_task_are_summed_up(project: MakeProject) -> None:
    made = project(
        {
            "app.py": """
        import flyte
        env = flyte.TaskEnvironment(name="app")

        @env.task
        def one(x: int) -> int:
            return x

        @env.task
        def main() -> int:
            return sum(one(x) for x in range(40))
        """
        }
    )
    made.flyte("run", "--name", "many", "app.py", "main").expect()
    shown = made.flyte("get", "run", "many").expect().out
    assert "app.one: 37 more: 37 succeeded (-v shows all)" in shown
    assert len(made.flyte("get", "run", "many", "-v").expect().out.splitlines()) > 40
    assert made.flyte("get", "run", "many", "--json").expect().json["actions"] == 41
