"""Processes that are killed at any moment leave records that can be read, and a cache that is right."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.support.process import PYTHON
from tests.support.project import Project

MakeProject = Callable[..., Project]

KILLS = 20
RUNS = 200

PROGRAM = """
import sys
import flyte

env = flyte.TaskEnvironment(name="app")

@env.task(cache="auto")
def cached(x: int) -> list[int]:
    return [x] * 1000

@env.task
def main(x: int) -> int:
    print("begun", x)
    return sum(cached(x % 5))

first = int(sys.argv[1])
print("ready", flush=True)
for number in range(first, first + int(sys.argv[2])):
    run = flyte.with_runcontext(name=f"r{number}").run(main, number)
    print("done", number, run.outputs().o0, flush=True)
"""


def _killed(made: Project, first: int, seconds: float) -> list[tuple[int, int]]:
    """Run the program from number `first` on, kill it after a while, and return which runs it saw end, with what."""
    with subprocess.Popen(
        [PYTHON, "app.py", str(first), str(RUNS)],
        cwd=made.path,
        env=made.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        out, _ = process.communicate(timeout=10)
    words = [line.split() for line in out.splitlines() if line.startswith("done") and line.count(" ") == 2]
    return [(int(number), int(answer)) for _, number, answer in words]


def test_records_are_readable_and_the_cache_is_right_wherever_it_is_killed(project: MakeProject) -> None:
    made = project({"app.py": PROGRAM})
    chance = random.Random(8)
    ended: list[tuple[int, int]] = []
    kills = 0
    while kills < KILLS or len(ended) <= 200:  # On a busy machine few of them end before they are killed.
        ended += _killed(made, 1000 * kills, chance.uniform(0.0, 0.5))
        kills += 1
    assert [pair for pair in ended if pair[1] != 1000 * (pair[0] % 5)] == []
    listed = made.flyte("get", "run", "--limit", "0", "--json").expect().json["runs"]
    by_name: dict[str, Any] = {each["run"]: each for each in listed}
    assert len(by_name) == len(listed)
    for number, _ in ended:
        assert by_name[f"r{number}"]["phase"] == "succeeded", number
    others = [each for each in listed if each["phase"] != "succeeded"]
    assert {(each["phase"], (each["error"] or {}).get("code")) for each in others} <= {("aborted", "Lost")}
    assert len(others) <= kills
    last = ended[-1][0]
    assert made.flyte("logs", f"r{last}").expect().out == f"begun {last}\n"
    assert made.flyte("get", "run", f"r{last}", "--json").expect().json["actions"] == 2


def test_gathering_may_be_killed_as_well(project: MakeProject) -> None:
    gather = """
    import pathlib
    from flytectl_py.project.state import state_folder
    from flytectl_py.records.database import gather_into

    print("ready", flush=True)
    gather_into(state_folder(pathlib.Path.cwd()), print)
    """
    made = project({"app.py": PROGRAM, "gather.py": gather})
    made.python("app.py", "0", "40").expect()
    chance = random.Random(9)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "gather.py"], cwd=made.path, env=made.environment(), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.03))
            process.kill()
    listed = made.flyte("get", "run", "--limit", "0", "--json").expect().json["runs"]
    assert sorted(each["run"] for each in listed) == sorted(f"r{number}" for number in range(40))
    assert {(each["phase"], each["actions"]) for each in listed} == {("succeeded", 2)}
    assert list((made.path / ".flyte/state/records/journals").iterdir()) == []


def test_many_processes_write_and_read_at_once(project: MakeProject) -> None:
    made = project({"app.py": PROGRAM})
    writers = [
        subprocess.Popen([PYTHON, "app.py", str(1000 * each), "20"], cwd=made.path, env=made.environment(), stdout=-3)
        for each in range(4)
    ]
    while any(each.poll() is None for each in writers):
        made.flyte("get", "run").expect()
    assert [each.returncode for each in writers] == [0] * 4
    listed = made.flyte("get", "run", "--limit", "0", "--json").expect().json
    assert listed["total"] == 80
    assert {(each["phase"], each["actions"]) for each in listed["runs"]} == {("succeeded", 2)}
